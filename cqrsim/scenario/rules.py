"""State rules: which commands the state of their aggregate forbids."""

from collections.abc import Callable, Iterator
from typing import Annotated, Any, Literal, TypeAlias

from cqrsim.errors import Problem
from cqrsim.scenario.checks import Checked, Whole, function
from cqrsim.scenario.choices import Choice
from cqrsim.scenario.values import CodeOnly, Known, Settings, fingerprint_of, setting, value


@value
class Range(Settings):
    """An aggregate holds a whole number; a change that would leave the range is refused.

    With 0..1 a change of +1 is "create" and -1 is "delete"; with a large range it is stock, or a balance.

    >>> Range(0, 1)
    Range(low=0, high=1)
    >>> Range(5, 9)
    Traceback (most recent call last):
    cqrsim.errors.ScenarioError: Range: start: must be within low (5) and high (9) (got 0)
    """

    low: Whole
    """The lowest number allowed."""
    high: Whole
    """The highest number allowed."""
    start: Whole = 0
    """What every aggregate begins with."""
    kind: Literal["Range"] = setting(default="Range", kw_only=True, repr=False)

    @staticmethod
    def mistakes(known: Known) -> Iterator[Problem]:
        """An empty range, or a start outside."""
        if not known.has("low", "high"):
            return
        if known.low > known.high:
            yield Problem("low", known.low, f"must not be more than high ({known.high})")
        elif known.has("start") and not known.low <= known.start <= known.high:
            yield Problem("start", known.start, f"must be within low ({known.low}) and high ({known.high})")


def _anything(given: Any) -> Any:
    return given


_DECIDE = Checked(function, "a function (state, command) -> tuple of events, or Refused", {})
_EVOLVE = Checked(function, "a function (state, event) -> state", {})
_INITIAL = Checked(_anything, "any value", {})


@value
class Rule(CodeOnly):
    """A rule of your own: two pure functions and the state that every aggregate begins with.

    ``decide(state, command)`` must return the events, as a tuple or a list, or a :class:`~cqrsim.messages.Refused`;
    ``evolve(state, event)`` returns the next state.  It cannot be written to a file.

    >>> from cqrsim.messages import Refused
    >>> def decide(state, command):
    ...     return ("Sold",) if state > 0 else Refused("sold out")
    >>> Rule(decide, evolve=lambda state, event: state - 1, initial=10).initial
    10
    """

    called = "a custom Rule"
    instead = "Range"

    decide: Annotated[Callable[[Any, Any], Any], _DECIDE]
    """From state and command to a tuple or list of events, or to Refused."""
    evolve: Annotated[Callable[[Any, Any], Any], _EVOLVE]
    """From state and event to the next state."""
    initial: Annotated[Any, _INITIAL]
    """What every aggregate begins with."""
    kind: Literal["Rule"] = setting(default="Rule", kw_only=True, repr=False)

    def __hash__(self) -> int:
        """The state may be unhashable, the functions are not."""
        return hash((self.decide, self.evolve))

    def fingerprint(self) -> str:
        """What a digest can tell of the rule: the functions' names and code, and the state as text."""
        return fingerprint_of((self.decide, self.evolve), repr(self.initial))


AnyRule: TypeAlias = Annotated[Range | Rule, Choice("rule")]
