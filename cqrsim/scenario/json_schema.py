"""The JSON Schema of scenario files: a definition for every value class, a description for every setting."""

import ast
import inspect
import textwrap
from typing import Any

from pydantic.json_schema import GenerateJsonSchema

from cqrsim.scenario.files import adapter
from cqrsim.scenario.values import VALUE_CLASS, VALUES

Definitions = dict[str, dict[str, Any]]


def schema() -> dict[str, Any]:
    """Make the JSON Schema of scenario files, which editors and other programs can check files with.

    >>> made = schema()
    >>> made["properties"]["length"]["description"]
    'When the measured window ends.'
    >>> made["$defs"]["Poisson"]["required"]
    ['kind', 'rate']
    """
    definitions: Definitions = {}
    adapter().json_schema(schema_generator=_collecting(definitions))
    made = {name: _completed(definitions[name], name) for name in sorted(definitions)}
    scenario = made.pop("Scenario")
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **scenario, "$defs": made}


def _collecting(definitions: Definitions) -> type[GenerateJsonSchema]:
    """Keep every value class as a definition; pydantic would write some of them out in place, now these, now those."""

    class Generator(GenerateJsonSchema):
        def dataclass_schema(self, schema: Any) -> dict[str, Any]:
            name = schema["cls"].__name__
            definitions[name] = super().dataclass_schema(schema)
            return {VALUE_CLASS: name}

    return Generator


def _completed(definition: dict[str, Any], name: str) -> dict[str, Any]:
    """Describe the settings; ask for the kind, by which files tell the classes apart."""
    descriptions = attribute_docs(VALUES[name])
    settings = {}
    for setting, about in definition["properties"].items():
        description = {"description": descriptions[setting]} if setting in descriptions else {}
        left_out = ("title", "default") if setting == "kind" else ("title",)
        settings[setting] = {**_referring({k: v for k, v in about.items() if k not in left_out}), **description}
    required = [*(["kind"] if "kind" in settings else []), *definition.get("required", [])]
    return {
        "title": name,
        "description": inspect.cleandoc(VALUES[name].__doc__ or "").partition("\n")[0],
        "type": "object",
        "properties": settings,
        "required": required,
        "additionalProperties": False,
    }


def _referring(part: Any) -> Any:
    """Refer to definitions where value classes stand."""
    if isinstance(part, list):
        return [_referring(item) for item in part]
    if not isinstance(part, dict):
        return part
    whole = {key: _referring(item) for key, item in part.items() if key not in (VALUE_CLASS, "$ref")}
    name = part.get(VALUE_CLASS) or _name_in(part.get("$ref", ""))
    return {"$ref": f"#/$defs/{name}", **whole} if name else whole


def _name_in(reference: str) -> str:
    """The class's name in one of pydantic's references, such as "#/$defs/cqrsim__scenario__store__Disk-Input__1"."""
    return reference.rpartition("/")[2].partition("-")[0].rpartition("__")[2]


def attribute_docs(cls: type) -> dict[str, str]:
    """Read the text below each setting in the source of a value class; nothing, where there is no source."""
    try:
        body = ast.parse(textwrap.dedent(inspect.getsource(cls))).body[0]
    except (OSError, TypeError):
        return {}
    assert isinstance(body, ast.ClassDef)
    docs = {}
    for field, text in zip(body.body, body.body[1:], strict=False):
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name) and isinstance(text, ast.Expr):
            docs[field.target.id] = " ".join(str(ast.literal_eval(text.value)).split())
    return docs
