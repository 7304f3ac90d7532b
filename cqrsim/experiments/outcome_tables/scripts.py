"""Hand-written stories: a few commands on one aggregate, and a fault at a chosen place."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

import pandas as pd

from cqrsim.errors import Problem, ScenarioError
from cqrsim.experiments.checks import a_scenario
from cqrsim.experiments.simulate import simulate
from cqrsim.metrics.anomalies import befallen
from cqrsim.metrics.down import parts_down
from cqrsim.metrics.vocabulary import Anomaly
from cqrsim.moments import Moment
from cqrsim.scenario import Clients, Custom, Disk, Evenly, Fault, Nth, PerOperation, Range, Recorded, Scenario
from cqrsim.scenario import effects as what
from cqrsim.scenario.checks import Whole, YesNo
from cqrsim.scenario.feedback import AnyFeedback, SyncValidation
from cqrsim.scenario.state import AnyState, FromGenerated
from cqrsim.scenario.targets import OPERATIONS, target_of
from cqrsim.scenario.values import Settings, value
from cqrsim.units import Duration, ms, seconds

if TYPE_CHECKING:
    from cqrsim.scenario import AnyEffect, AnyFault, Retries
    from cqrsim.trace import Trace

NOTHING = "-"
"""Stands where no anomaly occurred."""

_SIDES: tuple[type[what.Effect], ...] = (what.Crash, what.Pause, what.TwoInstances, what.Custom)
"""What can strike behind an operation as well as ahead of it."""


@value
class Step(Settings):
    """One command of a script: when it is issued, by how much it changes its aggregate, whether it is valid in itself.

    >>> Step(ms(5), change=-1).valid
    True
    """

    at: Duration
    """When it is issued, from the beginning of the run."""
    change: Whole = 1
    """By how much it changes its aggregate's number."""
    valid: YesNo = True
    """Whether it is right in itself; a command that is not is refused by every design."""


def script(
    *commands: Step,
    state: AnyState | None = None,
    feedback: AnyFeedback | None = None,
    fault: AnyFault | Iterable[AnyFault] | None = None,
    patience: Duration | None = None,
    retries: Retries | None = None,
    **settings: Any,
) -> Scenario:
    """A scenario in which these commands are issued, all about one aggregate, and nothing is left to luck.

    The aggregate holds 0 or 1, so that of two commands that create it the second is refused.  Every message takes
    1 ms, a write 2 ms, all else no time; the run ends a second after the last command, and drains for two more.
    ``settings`` are those of a scenario, and go ahead of all this.  Every command has a group of clients of its own,
    called after its number, with the ``patience`` and ``retries`` that are given.

    >>> import cqrsim as cq
    >>> lost = cq.Fault(cq.Crash(), where="handlers", when=cq.Nth(1, side="after", of="append"))
    >>> story = script(Step(ms(0)), Step(ms(9)), fault=lost)
    >>> run = cq.simulate(story, seed=1)
    >>> run.commands()["truth"].tolist()
    ['durable', 'refused']
    """
    if not commands:
        raise ScenarioError((Problem("commands", None, "a script needs at least one", "write Step(ms(0))"),))
    ordered = sorted(commands, key=lambda step: int(step.at))
    groups = [
        Clients(
            Recorded(times=(step.at,)), name=f"command {number}", changes=step.change,
            invalid=0.0 if step.valid else 1.0, patience=patience, retries=retries,
        )
        for number, step in enumerate(ordered)
    ]  # fmt: skip
    defaults: dict[str, Any] = {
        "rule": Range(0, 1),
        "aggregates": Evenly(1),
        "network": ms(1),
        "disk": Disk(write=ms(2)),
        "length": ordered[-1].at + seconds(1),
        "drain": seconds(2),
    }
    return Scenario(
        clients=groups[0] if len(groups) == 1 else groups,
        state=FromGenerated() if state is None else state,
        feedback=SyncValidation() if feedback is None else feedback,
        faults=() if fault is None else fault,
        **(defaults | settings),
    )


def begins(story: Scenario) -> tuple[Duration, ...]:
    """When each command of a script is issued; ScenarioError for a scenario that is none."""
    times: list[Duration] = []
    for group in story.groups:
        arrivals = group.arrivals
        if not isinstance(arrivals, Recorded) or len(arrivals.times) != 1:
            raise ScenarioError(
                (Problem("clients", None, f'"{group.name}" issues more than one command, so this is no script',
                         "make one with script(Step(...), Step(...))"),)
            )  # fmt: skip
        times.append(arrivals.times[0])
    return tuple(times)


def spaced(story: Scenario, spacing: Duration) -> Scenario:
    """The same script with its second command so long after the first; any further ones are moved with it."""
    times = begins(story)
    if len(times) < 2:
        raise ScenarioError((Problem("clients", None, "a script of one command has no spacing"),))
    moved = [times[0], *(time - times[1] + times[0] + spacing for time in times[1:])]
    groups = [group.variant(arrivals=Recorded(times=(time,))) for group, time in zip(story.groups, moved, strict=True)]
    return story.with_(clients=groups, length=story.length - times[-1] + moved[-1])


def kinds_of(trace: Trace) -> tuple[Anomaly, ...]:
    """The kinds of anomaly that are left at the end of a run, in their order."""
    found = befallen(trace) | {Anomaly.DOWN: parts_down(trace).since}
    return tuple(kind for kind in Anomaly if len(found.get(kind, ())))


def at_every_operation(
    story: Scenario, effect: AnyEffect, where: str | None = None, *, lasts: Duration | None = None, seed: int = 1
) -> pd.DataFrame:
    """Strike every operation of a script in turn, ahead of it and, where that is possible, behind it.

    The script is run once as it is to count the operations of the target, and then once for each.  One row for each:
    ``operation`` (its kind), ``number``, ``side``, and the ``anomalies`` that are left in the end, as text.  How long
    a crash lasts is said by the effect; ``lasts`` is for effects that do not say it.

    >>> import cqrsim as cq
    >>> story = script(Step(ms(0)), Step(ms(9)), state=cq.FromGenerated(wait=False))
    >>> at_every_operation(story, cq.Crash(restart=ms(50)), "store").query("operation == 'write'")
      operation  number    side   anomalies
    0     write       1  before  LOST AHEAD WREJ
    1     write       1   after        PGAP
    """
    a_scenario("story", story)
    target = Fault(effect, where=where).target
    rows = []
    for operation, number, side in _strikes(story, effect, target, seed):
        fault = Fault(effect, where=target, when=Nth(number, side=side, of=operation), lasts=lasts)  # type: ignore[arg-type]
        kinds = kinds_of(simulate(story.with_faults(fault), seed).trace)
        rows.append((operation, number, side, " ".join(kind.name for kind in kinds) or NOTHING))
    return pd.DataFrame(rows, columns=["operation", "number", "side", "anomalies"])


def _strikes(story: Scenario, effect: AnyEffect, target: str, seed: int) -> Iterator[tuple[str, int, str]]:
    """Every operation that the effect can strike, and the sides on which it can."""
    happens = OPERATIONS[target_of(target).kind]
    fitting = what.MANNERS[type(effect)].operations or happens
    sides = ("before", "after") if isinstance(effect, _SIDES) else ("before",)
    for operation in happens:
        if operation in fitting:
            for number in range(1, _count(story, target, operation, seed) + 1):
                yield from ((operation, number, side) for side in sides)


def _count(story: Scenario, target: str, operation: str, seed: int) -> int:
    """How many operations of a kind there are: a fault that does nothing strikes all of them, and is counted.

    What the disk does is what the store has it do.
    """
    place = "store" if target == "disk" else target
    idle = Fault(Custom(_nothing), where=place, when=PerOperation(1, of=operation), name="counting")  # type: ignore[arg-type]
    trace = simulate(story.with_faults(idle), seed).trace
    struck = trace.of(Moment.FAULT_STRUCK)
    return int((struck.place == len(story.faults)).sum())


def _nothing(view: Any) -> None:
    """An effect that has none."""
