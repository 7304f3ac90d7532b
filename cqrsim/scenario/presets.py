"""Scenarios to begin with: a blog, the essay's cases on it by name, and the same with a disk that fills.

Faults at real and at accelerated rates are here, too, to be added by hand: ``blog().with_faults(*field())``.  What is
measured and what is assumed is said with each number.
"""

from cqrsim.scenario.aggregates import Zipf
from cqrsim.scenario.arrivals import Poisson
from cqrsim.scenario.claims import claims
from cqrsim.scenario.clients import Clients
from cqrsim.scenario.distributions import Empirical, LogNormal
from cqrsim.scenario.fault_presets import cloud, field, hostile
from cqrsim.scenario.faults import DiskFull
from cqrsim.scenario.feedback import ErrorCache, Feedback, ForwardEvent, Silence, SyncValidation
from cqrsim.scenario.handlers import Handlers
from cqrsim.scenario.projections import Projection
from cqrsim.scenario.rules import Range
from cqrsim.scenario.scenario import Scenario
from cqrsim.scenario.state import FromGenerated, FromPublished, LoadDecideAppend, OwnStore, State
from cqrsim.scenario.store import Disk, EventStore
from cqrsim.units import bytes_, ms, per_second, seconds, us

POSTGRES = "cqrsim:append_postgres_commit.csv"
"""10,000 durable one-row inserts of 400 bytes, each in a transaction of its own, PostgreSQL 15 over loopback."""

SQLITE = "cqrsim:append_sqlite_wal_full.csv"
"""The same with SQLite, write-ahead log, synchronous FULL."""

FILE = "cqrsim:append_file_fdatasync.csv"
"""The same to a plain file, with fdatasync."""


def blog() -> Scenario:
    """Describe a blog under 200 commands a second, on one small machine; stable in every design below.

    Measured: the disk's write times (:data:`POSTGRES`: mean 0.33 ms, 99 % below 0.62 ms, longest 7.7 ms), on a 2-core
    virtual machine with a virtio disk.  From the essay (Jens Rantil, 2013): nearly all commands succeed, 99 %; here
    2 % are invalid, so that refusals can be seen.  Assumed: a projection applies an event in 2 ms at the median and
    20 ms at the 99 % quantile (mean 3.3 ms: busy for two thirds of the time), messages take 0.2 ms within a data
    centre, validation 0.2 ms, clients give up after 5 s (as the reservation page of Microsoft's CQRS Journey does), and
    few of 1000 blogs are popular (Zipf, exponent 0.9).

    >>> blog().disk.write.mean_ns() < 340_000, blog().projections.apply.mean_ns() < 4_000_000
    (True, True)
    """
    return Scenario(
        clients=Clients(
            Poisson(per_second(200)), invalid=0.02, patience=seconds(5), event_size=bytes_(400), error_size=bytes_(250)
        ),
        feedback=SyncValidation(),
        state=FromGenerated(),
        handlers=Handlers(validate=LogNormal(p50=us(200), p99=ms(1))),
        store=EventStore(read=LogNormal(p50=us(200), p99=ms(1)), read_per_event=us(2), snapshot_every=100),
        disk=Disk(write=Empirical(file=POSTGRES)),
        projections=Projection(apply=LogNormal(p50=ms(2), p99=ms(20))),
        network=LogNormal(p50=us(200), p99=ms(1)),
        aggregates=Zipf(1000, exponent=0.9),
        length=seconds(60),
        warm_up=seconds(5),
        name="blog",
    )


def feedback_cases(base: Scenario | None = None) -> dict[str, Scenario]:
    """Make the essay's four ways to learn what became of a command, on the blog or another scenario.

    >>> list(feedback_cases())
    ['wait', 'forward event', 'silence', 'error cache']
    """
    cases: dict[str, Feedback] = {
        "wait": SyncValidation(),
        "forward event": ForwardEvent(poll=ms(100)),
        "silence": Silence(reload=seconds(2)),
        "error cache": ErrorCache(keep_for=seconds(30)),
    }
    base = blog() if base is None else base
    return {name: base.with_(feedback=feedback, name=name) for name, feedback in cases.items()}


def state_cases(base: Scenario | None = None) -> dict[str, Scenario]:
    """Make the ways in which a command handler comes by its state, on the blog or another scenario.

    Without a rule no state forbids anything, so a base without one gets one: every aggregate holds a number in
    0..20, which begins with 10, and as many commands raise it as lower it.  The handler's own store in case 1 is
    SQLite, measured on the machine of the blog's disk.

    >>> list(state_cases())
    ['1 own first', '1 event first', '2a', '2a timeout', '2b fire and forget', '2b', '2b careful', '2c']
    """
    own_store = Empirical(file=SQLITE)
    cases: dict[str, State] = {
        "1 own first": OwnStore(own_store),
        "1 event first": OwnStore(own_store, order="event_first"),
        "2a": FromPublished(),
        "2a timeout": FromPublished(give_up_after=seconds(1)),
        "2b fire and forget": FromGenerated(wait=False),
        "2b": FromGenerated(),
        "2b careful": FromGenerated(careful=True),
        "2c": LoadDecideAppend(),
    }
    base = _with_rule(blog() if base is None else base)
    return {name: base.with_(state=state, name=name) for name, state in cases.items()}


def _with_rule(base: Scenario) -> Scenario:
    if base.rule is not None:
        return base
    up_and_down = ((1, 0.5), (-1, 0.5))
    groups = [group.variant(changes=up_and_down) for group in base.groups]
    return base.with_(rule=Range(0, 20, start=10), clients=groups[0] if len(groups) == 1 else groups)


def filling(scenario: Scenario) -> Scenario:
    """Take a smaller disk, that the events alone fill after two thirds of the window; error events fill it sooner.

    Where clients are closed, nobody knows beforehand how much they write: there, something else fills the disk.

    >>> filling(blog()).disk.capacity, filling(blog()).length
    (kb(3136), minutes(1))
    """
    name = f"{scenario.name}, disk fills" if scenario.name else "disk fills"
    per_second_ = [_bytes_per_second(group) for group in scenario.groups]
    known = [rate for rate in per_second_ if rate is not None]
    if len(known) < len(per_second_) or not sum(known):
        begins = scenario.length * (2 / 3)
        return scenario.with_faults(DiskFull(at=begins, lasts=scenario.length - begins)).with_(name=name)
    bytes_then = sum(known) * (scenario.length / seconds(1)) * 2 / 3
    return scenario.with_({"disk.capacity": bytes_(max(1, bytes_then)), "name": name})


def _bytes_per_second(group: Clients) -> float | None:
    """What a group's events add to the store."""
    rate = group.arrivals.mean_rate()
    weights = sum(weight for _, weight in group.event_counts)
    events = sum(count * weight for count, weight in group.event_counts) / weights
    return None if rate is None else float(rate) * (1 - group.invalid) * events * int(group.event_size)


__all__ = [
    "FILE", "POSTGRES", "SQLITE", "blog", "claims", "cloud", "feedback_cases", "field", "filling", "hostile",
    "state_cases",
]  # fmt: skip
