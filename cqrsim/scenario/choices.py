"""Settings with a choice of kinds: in files a table names its ``kind``, in code the class does."""

from collections.abc import Callable, Mapping
from typing import Any, get_args

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import core_schema

from cqrsim.errors import Problem, ScenarioError, did_you_mean
from cqrsim.scenario.values import VALUES, CodeOnly, settings_of

Shorthand = Callable[[Any], Any]


def _no_shorthand(value: Any) -> Any:
    return None


def tag(cls: type | str) -> str:
    """How a kind is marked in pydantic's error locations, so that it can be left out of paths."""
    return f"<{cls if isinstance(cls, str) else cls.__name__}>"


def is_tag(part: object) -> bool:
    """Whether a part of a location is such a mark."""
    return isinstance(part, str) and part.startswith("<") and part.endswith(">")


class Choice:
    """Marks a union of value classes, told apart by ``kind``; a shorthand may turn other values into one of them."""

    def __init__(
        self, what: str, shorthand: Shorthand = _no_shorthand, shorthand_schema: Mapping[str, Any] | None = None
    ) -> None:
        self.what = what
        self.shorthand = shorthand
        self.shorthand_schema = shorthand_schema

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> Any:
        classes = get_args(source) or (source,)
        kinds = {tag(cls): handler.generate_schema(cls) for cls in classes}
        union = core_schema.tagged_union_schema(kinds, discriminator=_tag_of)

        def check(value: Any) -> Any:
            return self._recognise(value, classes)

        return core_schema.no_info_before_validator_function(check, union)

    def __get_pydantic_json_schema__(self, schema: Any, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        unwritten = {tag(name) for name, cls in VALUES.items() if issubclass(cls, CodeOnly)}
        kinds = [handler(kind) for name, kind in _union(schema)["choices"].items() if name not in unwritten]
        extra = [dict(self.shorthand_schema)] if self.shorthand_schema is not None else []
        return {"anyOf": [*extra, *kinds]}

    def _recognise(self, value: Any, classes: tuple[type, ...]) -> Any:
        """Pass on what is of a known kind, or say which kinds there are."""
        if isinstance(value, classes):
            return value
        names = [cls.__name__ for cls in classes]
        if isinstance(value, Mapping):
            if "kind" not in value:
                raise ScenarioError((self._without_kind(value, classes),))
            if value["kind"] not in names:
                hint = did_you_mean(value["kind"], names)
                message = f"no such kind of {self.what}" + ("" if hint else f"; there are {_listed(names)}")
                raise ScenarioError((Problem("kind", value["kind"], message, hint),))
            return value
        if isinstance(value, str) and value in names:
            raise ScenarioError((Problem("", value, "must be a table", f'write {{kind = "{value}", ...}}'),))
        if isinstance(value, type) and value in classes:
            hint = f"write {value.__name__}(...)"
            raise ScenarioError((Problem("", None, f"is the class {value.__name__} itself", hint),))
        short = self.shorthand(value)
        if short is None:
            either = "a duration or " if self.shorthand_schema is not None else ""
            raise ScenarioError((Problem("", value, f"must be {either}one of {_listed(names, '')}"),))
        return short

    def _without_kind(self, value: Mapping[str, Any], classes: tuple[type, ...]) -> Problem:
        """Guess the kind from the settings that stand there."""
        fitting = [cls.__name__ for cls in classes if value and set(value) <= set(settings_of(cls))]
        names = fitting or [cls.__name__ for cls in classes]
        hint = f'did you mean kind = "{fitting[0]}"?' if len(fitting) == 1 else None
        message = f"needs a kind of {self.what}" + ("" if hint else f": {_listed(names)}")
        return Problem("", value, message, hint)


def _tag_of(value: Any) -> str:
    return tag(value["kind"] if isinstance(value, Mapping) else type(value))


def _union(schema: Any) -> Any:
    """The union within the schema that a choice has built."""
    return schema["schema"] if schema["type"] == "function-before" else schema


def _listed(names: list[str], quote: str = '"') -> str:
    quoted = [f"{quote}{name}{quote}" for name in names]
    return quoted[0] if len(quoted) == 1 else f"{', '.join(quoted[:-1])} or {quoted[-1]}"


class OneOrMany:
    """Marks a setting that takes one value of a class, or several in a list."""

    def __init__(self, what: str) -> None:
        self.what = what

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> Any:
        cls = get_args(source)[0]
        one = handler.generate_schema(cls)
        many = core_schema.tuple_variable_schema(one)
        union = core_schema.tagged_union_schema({"<one>": one, "<many>": many}, discriminator=_one_or_many)

        def check(value: Any) -> Any:
            if isinstance(value, list | tuple):
                if not value:
                    raise ValueError(f"needs at least one {self.what}")
                return tuple(value)
            if not isinstance(value, Mapping | cls):
                raise ValueError(f"must be {cls.__name__} settings, or a list of them")
            return value

        return core_schema.no_info_before_validator_function(check, union)

    def __get_pydantic_json_schema__(self, schema: Any, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        one = handler(_union(schema)["choices"]["<one>"])
        return {"anyOf": [one, {"type": "array", "items": one, "minItems": 1}]}


def _one_or_many(value: Any) -> str:
    return "<many>" if isinstance(value, tuple) else "<one>"


class ListOf:
    """Marks a tuple that takes a single value, too."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> Any:
        return core_schema.no_info_before_validator_function(_as_tuple, handler(source))


def _as_tuple(value: Any) -> Any:
    if isinstance(value, list):
        return tuple(value)
    return value if isinstance(value, tuple) else (value,)


class OrShorthand:
    """Marks a value class that a simpler value may stand for."""

    def __init__(self, shorthand: Shorthand, shorthand_schema: Mapping[str, Any]) -> None:
        self.shorthand = shorthand
        self.shorthand_schema = shorthand_schema

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> Any:
        def check(value: Any) -> Any:
            short = self.shorthand(value)
            return value if short is None else short

        return core_schema.no_info_before_validator_function(check, handler(source))

    def __get_pydantic_json_schema__(self, schema: Any, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return {"anyOf": [dict(self.shorthand_schema), handler(schema)]}
