"""From when until when: what is known of a fault beforehand, and the window that it is given."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias

from cqrsim.errors import Problem, ScenarioError, UnitError
from cqrsim.scenario.checks import Checked, Maybe
from cqrsim.units import Duration

Window: TypeAlias = tuple[Duration, Duration | None] | None


@dataclass(frozen=True)
class Span:
    """From when until when; None means to the end."""

    begins: Duration
    ends: Duration | None

    def __str__(self) -> str:
        if self.ends is None:
            return f"from {self.begins} on" if self.begins else "all the time"
        return f"from {self.begins} to {self.ends}"


def _between(given: Any) -> tuple[Duration, Duration | None]:
    """A begin and an end; "none" for an end that does not come."""
    pair = tuple(given) if isinstance(given, list | tuple) else ()
    if len(pair) != 2:
        raise ValueError('must be a begin and an end, such as ["5s", "10s"]; an end may be "none"')
    begin, problems = _duration("0", pair[0])
    end, more = (None, []) if pair[1] in (None, "none") else _duration("1", pair[1])
    if problems or more:
        raise ScenarioError((*problems, *more))
    return begin, end


def _duration(place: str, given: Any) -> tuple[Any, list[Problem]]:
    try:
        return Duration.accept(given), []
    except UnitError as error:
        return None, [Problem(place, given, str(error))]


_END = {"anyOf": [Duration.json_schema(), {"const": "none"}, {"type": "null"}]}
_BETWEEN = Checked(
    _between,
    "a begin and an end",
    {"type": "array", "prefixItems": [Duration.json_schema(), _END], "minItems": 2, "maxItems": 2},
)

if TYPE_CHECKING:
    from cqrsim.scenario.values import Accepts

    BetweenSetting: TypeAlias = Accepts[Window, Window]
else:
    BetweenSetting = Maybe[Annotated[tuple[Duration, Duration | None], _BETWEEN]]
