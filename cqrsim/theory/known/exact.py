"""Exact paths: given times through a recursion, and a stall seen by open and closed clients.  No tolerance."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

import numpy as np

import cqrsim as cq
from cqrsim.theory.formulas.paths import area_in_system, kiefer_wolfowitz, lindley, with_outages
from cqrsim.theory.oracle import Case, Measure, Oracle
from cqrsim.theory.systems import MANY
from cqrsim.units import ms, seconds

ARRIVALS_MS = (0, 3, 4, 4, 9, 10, 18, 19, 20, 20, 33, 34)
FIRST_MS = (5, 2, 4, 1, 6, 1, 2, 7, 3, 2, 1, 4)
SECOND_MS = (2, 2, 6, 1, 1, 3, 5, 1, 1, 4, 2, 2)
OUTAGES_MS = ((6, 16), (30, 36))
"""Twelve commands, their services at two stations, and when the disk stands still."""


def twelve_commands() -> Oracle:
    """Twelve commands through one server, a second station behind it, two servers, and a disk with outages."""
    departures = lindley(ARRIVALS_MS, FIRST_MS)
    first, second = cq.Handlers(validate=_measured(FIRST_MS)), cq.Projection(apply=_measured(SECOND_MS))
    stalls = tuple(cq.Stall(at=ms(begins), lasts=ms(ends - begins)) for begins, ends in OUTAGES_MS)
    pair = cq.Handlers(workers=2, validate=_measured(FIRST_MS))
    return Oracle(
        id="O05",
        title="Twelve commands: G/G/1, tandem, G/G/2 and outages, command by command",
        source="Lindley 1952, Kiefer and Wolfowitz 1955, Little 1961",
        formula="W' = max(0, W + S - A); integral of N = sum of T",
        cases=(
            _path("one server", "decided_ms", departures, handlers=first),
            _path("second station", "visible_ms", lindley(departures, SECOND_MS), handlers=first, projections=second),
            _path("two servers", "turn_wait_ms", kiefer_wolfowitz(ARRIVALS_MS, FIRST_MS, servers=2), handlers=pair),
            _path(
                "outages", "written_ms", with_outages(ARRIVALS_MS, FIRST_MS, OUTAGES_MS),
                disk=cq.Disk(write=_measured(FIRST_MS)), faults=stalls,
            ),
            _exact(
                "Little", _twelve(handlers=first), _area,
                dict.fromkeys(("integral of N, ms", "sum of T, ms"), float(sum(departures) - sum(ARRIVALS_MS))),
            ),
        ),
    )  # fmt: skip


def _exact(name: str, scenario: cq.Scenario, measure: Measure, theory: Mapping[str, float]) -> Case:
    return Case(scenario, measure, theory, runs=1, name=name, exact=True)


def _path(name: str, column: str, expected: Sequence[int], **parts: object) -> Case:
    """A column of the table of commands: the twelve values must be those of the recursion."""
    quantity = f"largest error of {column}"
    return _exact(name, _twelve(**parts), partial(_largest_error, quantity, column, tuple(expected)), {quantity: 0.0})


def _largest_error(quantity: str, column: str, expected: Sequence[int], run: cq.Run) -> Mapping[str, float]:
    return {quantity: float(np.max(np.abs(run.commands()[column].to_numpy() - np.array(expected))))}


def _area(run: cq.Run) -> Mapping[str, float]:
    commands = run.commands()
    arrived, left = commands["received_ms"].tolist(), commands["decided_ms"].tolist()
    return {
        "integral of N, ms": float(area_in_system(arrived, left)),
        "sum of T, ms": float(sum(left) - sum(arrived)),
    }


def _measured(values_ms: Sequence[int]) -> cq.Empirical:
    return cq.Empirical(values=tuple(ms(value) for value in values_ms), replay=True)


def _twelve(**parts: object) -> cq.Scenario:
    clients = cq.Clients(cq.Recorded(times=tuple(ms(time) for time in ARRIVALS_MS)))
    return cq.Scenario(clients=clients, aggregates=MANY, length=seconds(1), **parts)  # type: ignore[arg-type]


def stalled_half_of_the_time() -> Oracle:
    """Perfect for 100 s (1 ms on the way), then stalled for 100 s: who measures from when it sends does not see it."""
    on_the_way, stall, every = 1, 100_000, 10
    waits = [on_the_way] * (stall // every) + [stall - late for late in range(0, stall, every)]
    opened = {"mean, ms": sum(waits) / len(waits)}
    opened |= {f"p{100 * share:g}, ms": float(_quantile(waits, share)) for share in (0.5, 0.75, 0.99, 0.9999)}
    recorded = [on_the_way] * (stall // every) + [stall]
    closed = {"mean, ms": sum(recorded) / len(recorded), "commands": float(len(recorded)), "largest, ms": float(stall)}
    closed["p99.99, ms"] = float(_quantile(recorded, 0.9999))
    alone = cq.Closed(clients=1, pace=ms(every))
    return Oracle(
        id="O33",
        title="Coordinated omission: half of the time stalled, seen by open and by closed clients",
        source="G. Tene, wrk2",
        formula="from the intended time the stall is seen by half of all commands, from the sent time by one",
        cases=(
            _exact("open", _stalled(cq.Regular(ms(every))), _from_intended, opened),
            _exact("closed", _stalled(alone), _from_sent, closed),
        ),
    )


def _stalled(arrivals: cq.AnyArrivals) -> cq.Scenario:
    return cq.Scenario(
        clients=cq.Clients(arrivals),
        feedback=cq.SyncValidation(answer_at="written"),
        state=cq.FromGenerated(give_up_after=None),
        network=cq.Network(client_to_handler=ms(1)),
        faults=(cq.Stall(at=seconds(100), lasts=seconds(100)),),
        aggregates=MANY,
        length=seconds(200),
        grace=seconds(0),
    )


def _quantile(values: Sequence[float], share: float) -> float:
    """The smallest value that this share is not above."""
    return float(np.quantile(np.array(values), share, method="inverted_cdf"))


def _from_intended(run: cq.Run) -> Mapping[str, float]:
    waits = run.commands()["feedback_ms"].to_list()
    told = {f"p{100 * share:g}, ms": _quantile(waits, share) for share in (0.5, 0.75, 0.99, 0.9999)}
    return told | {"mean, ms": sum(waits) / len(waits)}


def _from_sent(run: cq.Run) -> Mapping[str, float]:
    commands = run.commands()
    waits = commands.loc[commands["sent_ms"] < 200_000, "feedback_from_sent_ms"].to_list()
    return {
        "commands": float(len(waits)),
        "mean, ms": sum(waits) / len(waits),
        "largest, ms": max(waits),
        "p99.99, ms": _quantile(waits, 0.9999),
    }


ORACLES = (twelve_commands, stalled_half_of_the_time)
