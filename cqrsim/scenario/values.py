"""What every part of a scenario is: a frozen, validated, hashable value that speaks plainly about mistakes.

``@value`` turns a class with annotated fields into a pydantic dataclass, whose mistakes are
:class:`~cqrsim.errors.ScenarioError`.  A class may say, in a static method ``mistakes(known)``, what cannot go
together; it sees the fields that are right by themselves, so that one look finds all mistakes.
"""

import dataclasses
import functools
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar, dataclass_transform, overload

from pydantic import ConfigDict, ValidationError, ValidationInfo, field_validator
from pydantic.dataclasses import dataclass as pydantic_dataclass

from cqrsim.errors import Problem, ScenarioError

Value = TypeVar("Value", bound=type)
Stored = TypeVar("Stored", covariant=True)
Given = TypeVar("Given", contravariant=True)

VALUES: dict[str, type] = {}
"""Every value class by its name."""

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


class CrossCheck(ScenarioError):
    """Mistakes between the fields of one value; raised where pydantic looks at the last of them."""


class Settings:
    """What values have in common; ``@value`` is to be put on every subclass."""

    __dataclass_fields__: ClassVar[dict[str, Any]]

    def given(self) -> dict[str, Any]:
        """The settings that make this value again."""
        return {name: getattr(self, name) for name in settings_of(type(self)) if name != "kind"}


@functools.cache
def settings_of(cls: type) -> tuple[str, ...]:
    """The names of a value's settings, in order."""
    return tuple(field.name for field in dataclasses.fields(cls))


@dataclass_transform(frozen_default=True, field_specifiers=(setting,))
def value(cls: Value) -> Value:
    """Make a class a value of a scenario."""
    if "mistakes" in cls.__dict__:
        _add_cross_check(cls)
    made = pydantic_dataclass(frozen=True, config=_CONFIG)(cls)
    made.__init__ = _telling_plainly(made, made.__init__)  # type: ignore[misc]  # the point of it
    VALUES[cls.__name__] = made
    return made  # type: ignore[return-value]  # pydantic changes the class in place


def _add_cross_check(cls: Any) -> None:
    """Look for mistakes between fields when the last field is validated: then all others are known."""
    last = list(cls.__annotations__)[-1]

    def check(owner: Any, given: Any, info: ValidationInfo) -> Any:
        problems = tuple(cls.mistakes(Known({**info.data, last: given})))
        if problems:
            raise CrossCheck(problems)
        return given

    cls._cross_check = field_validator(last, mode="after")(classmethod(check))


def _telling_plainly(cls: type, init: Callable[..., None]) -> Callable[..., None]:
    @functools.wraps(init)
    def __init__(self: Any, *args: Any, **kwargs: Any) -> None:  # noqa: N807 - it becomes the method
        try:
            init(self, *args, **kwargs)
        except ValidationError as error:
            from cqrsim.scenario.mistakes import problems_of

            mistakes = problems_of(error, cls)
            raise ScenarioError(mistakes, cls.__name__) from None

    return __init__


def refuse_unless(holds: bool, path: str, given: Any, message: str, hint: str | None = None) -> Iterator[Problem]:
    """Yield a problem unless a condition holds."""
    if not holds:
        yield Problem(path, given, message, hint)
