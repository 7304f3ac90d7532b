"""What every part of a scenario is: a frozen, validated, hashable value that speaks plainly about mistakes.

``@value`` turns a class with annotated fields into a pydantic dataclass, whose mistakes are
:class:`~cqrsim.errors.ScenarioError`.  A class may say, in a static method ``mistakes(known)``, what cannot go
together; it sees the fields that are right by themselves, so that one look finds all mistakes.
"""

import dataclasses
import hashlib
import inspect
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Self, TypeVar, dataclass_transform, overload

from pydantic import ConfigDict, ValidationError, ValidationInfo, field_validator
from pydantic.dataclasses import dataclass as pydantic_dataclass

from cqrsim.errors import ScenarioError

Value = TypeVar("Value", bound=type)
Stored = TypeVar("Stored", covariant=True)
Given = TypeVar("Given", contravariant=True)

VALUES: dict[str, type] = {}
"""Every value class by its name."""

VALUE_CLASS = "value class"
"""The key by which a JSON Schema in the making refers to one."""

_DEFAULTS: dict[tuple[str, str], Any] = {}

LONGEST_LIST = 8
"""Entries of a list that are shown one by one."""

_CONFIG = ConfigDict(extra="forbid", defer_build=True, validate_default=True)

if TYPE_CHECKING:

    def setting(
        *,
        default: Any = ...,
        default_factory: Callable[[], Any] = ...,
        kw_only: bool = False,
        repr: bool = True,  # noqa: A002 - the name that dataclasses use
        compare: bool = True,
    ) -> Any:
        """Give a field its default, which may be anything that the setting accepts."""

    class Accepts(Generic[Stored, Given]):
        """A field that is read as one type and accepts more: for type checkers only."""

        @overload
        def __get__(self, instance: None, owner: Any) -> "Accepts[Stored, Given]": ...
        @overload
        def __get__(self, instance: object, owner: Any) -> Stored: ...
        def __get__(self, instance: Any, owner: Any) -> Any:
            """Read the field."""

        def __set__(self, instance: Any, value: Given) -> None:
            """Say what the field accepts."""

else:
    setting = dataclasses.field


class Known:
    """The fields of a value that are right by themselves, as attributes."""

    def __init__(self, fields: Mapping[str, Any]) -> None:
        self.fields = fields

    def has(self, *names: str) -> bool:
        """Whether all of these are right."""
        return all(name in self.fields for name in names)

    def __getattr__(self, name: str) -> Any:
        return self.fields[name]


class CrossCheckError(ScenarioError):
    """Mistakes between the fields of one value; raised where pydantic looks at the last of them."""


class _Telling(type):
    """Turns pydantic's errors into ours when a value is made in code.

    It is done from outside, because pydantic sets ``__init__`` anew when it builds a class late.
    """

    if not TYPE_CHECKING:  # type checkers read the fields instead

        @property
        def __signature__(cls) -> inspect.Signature:
            return _signature(cls)

        @__signature__.setter
        def __signature__(cls, made_by_pydantic: Any) -> None:
            pass

        def __call__(cls, *args: Any, **kwargs: Any) -> Any:
            try:
                return super().__call__(*args, **kwargs)
            except ValidationError as error:
                from cqrsim.scenario.mistakes import problems_of

                problems = problems_of(error, cls)
            raise ScenarioError(problems, cls.__name__)


class Settings(metaclass=_Telling):
    """What values have in common; ``@value`` is to be put on every subclass."""

    __dataclass_fields__: ClassVar[dict[str, Any]]

    def __eq__(self, other: object) -> bool:
        """Compare the settings that make a value what it is."""
        return self._identity() == other._identity() if type(other) is type(self) else NotImplemented

    def __hash__(self) -> int:
        return hash(self._identity())

    def _identity(self) -> tuple[Any, ...]:
        fields = self.__dataclass_fields__.values()
        return (type(self).__name__, *(getattr(self, field.name) for field in fields if field.compare))

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: Any) -> Self:
        return self

    if not TYPE_CHECKING:  # type checkers know that values are frozen

        def __setattr__(self, name: str, given: Any) -> None:
            raise AttributeError(f"a {type(self).__name__} is frozen: Scenario.with_ makes a changed copy")

        def __delattr__(self, name: str) -> None:
            raise AttributeError(f"a {type(self).__name__} is frozen: Scenario.with_ makes a changed copy")

    def given(self) -> dict[str, Any]:
        """The settings that make this value again."""
        return {name: getattr(self, name) for name in settings_of(type(self)) if name != "kind"}

    def variant(self, **changes: Any) -> Self:
        """Return a copy with some settings changed."""
        return type(self)(**{**self.given(), **changes})

    def content(self) -> dict[str, Any]:
        """What makes this value what it is, for digests."""
        return self.given()

    def shorthand(self) -> Any:
        """The simpler value that may stand for this one; itself, if there is none."""
        return self

    def __repr__(self) -> str:
        """Code that makes this value again, without what is as by default."""
        cls = type(self)
        shown = (f"{name}={_code(given)}" for name, given in self.given().items() if not is_default(cls, name, given))
        return f"{cls.__name__}({', '.join(shown)})"


class CodeOnly(Settings):
    """A value with functions of somebody's own, which no file can hold: equal only with the very same functions."""

    called: ClassVar = "a function"
    """What it is, for people."""
    instead: ClassVar = "another kind"
    """What can be written."""

    def content(self) -> dict[str, Any]:
        """The fingerprint."""
        return {"fingerprint": self.fingerprint()}

    def functions(self) -> dict[str, Callable[..., Any]]:
        """The functions among the settings."""
        return {name: given for name, given in self.given().items() if callable(given)}

    def fingerprint(self) -> str:
        """What a digest can tell: the functions' names and code."""
        return fingerprint_of(self.functions().values())


def fingerprint_of(functions: Iterable[Any], start: str = "") -> str:
    """SHA-256 of functions' names and code, and of a text ahead of them."""
    hasher = hashlib.sha256(start.encode())
    for function in functions:
        hasher.update(f"{name_of(function)}\0".encode())
        _feed_code(hasher, getattr(function, "__code__", None))
    return hasher.hexdigest()


def name_of(function: Any) -> str:
    """A function's full name."""
    return f"{getattr(function, '__module__', '')}.{getattr(function, '__qualname__', type(function).__qualname__)}"


def _feed_code(hasher: Any, code: Any) -> None:
    """Add byte code with its constants and names; nested functions by their code, not by their address."""
    if code is None:
        return
    hasher.update(code.co_code + repr((code.co_names, code.co_varnames)).encode())
    for constant in code.co_consts:
        if hasattr(constant, "co_code"):
            _feed_code(hasher, constant)
        elif isinstance(constant, frozenset):
            hasher.update(repr(sorted(map(repr, constant))).encode())
        else:
            hasher.update(repr(constant).encode())


def _signature(cls: type) -> inspect.Signature:
    """What a value class takes, for help and completion; without the kind, which nobody gives."""
    parameters = []
    for field in dataclasses.fields(cls):
        if field.name != "kind":
            place = inspect.Parameter.KEYWORD_ONLY if field.kw_only else inspect.Parameter.POSITIONAL_OR_KEYWORD
            default = default_of(cls, field.name)
            shown = inspect.Parameter.empty if default is dataclasses.MISSING else default
            parameters.append(inspect.Parameter(field.name, place, default=shown))
    return inspect.Signature(parameters)


def shortened(given: Any) -> Any:
    """A value, or the simpler one that may stand for it."""
    return given.shorthand() if isinstance(given, Settings) else given


def is_default(cls: type, name: str, given: Any) -> bool:
    """Whether a setting is as it is when nothing is said."""
    default = default_of(cls, name)
    return default is not dataclasses.MISSING and bool(shortened(given) == shortened(default))


def default_of(cls: type, name: str) -> Any:
    """What a setting is when nothing is said; MISSING if something must be."""
    key = (cls.__name__, name)
    if key not in _DEFAULTS:
        field = next(field for field in dataclasses.fields(cls) if field.name == name)
        made = field.default if field.default_factory is dataclasses.MISSING else field.default_factory()
        _DEFAULTS[key] = made
    return _DEFAULTS[key]


def _code(given: Any) -> str:
    """Long lists as their length."""
    if isinstance(given, tuple) and len(given) > LONGEST_LIST:
        return f"<{len(given)} values>"
    return repr(shortened(given))


def settings_of(cls: Any) -> tuple[str, ...]:
    """The names of a value's settings, in order."""
    return tuple(cls.__dataclass_fields__)


@dataclass_transform(frozen_default=True, field_specifiers=(setting,))
def value(cls: Value) -> Value:
    """Make a class a value of a scenario."""
    if "mistakes" in cls.__dict__:
        _add_cross_check(cls)
    made = pydantic_dataclass(eq=False, repr=False, config=_CONFIG)(cls)
    VALUES[cls.__name__] = made
    return made  # type: ignore[return-value]  # pydantic changes the class in place


def _add_cross_check(cls: Any) -> None:
    """Look for mistakes between fields when the last field is validated: then all others are known."""
    last = list(cls.__annotations__)[-1]

    def check(owner: Any, given: Any, info: ValidationInfo) -> Any:
        problems = tuple(cls.mistakes(Known({**info.data, last: given})))
        if problems:
            raise CrossCheckError(problems)
        return given

    cls._cross_check = field_validator(last, mode="after")(classmethod(check))
