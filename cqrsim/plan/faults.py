"""Faults, lowered: what strikes when, in absolute time, each with luck of its own.

A fault that cannot fire (share 0, no length) leaves no trace in the plan, so that the run stays the same to the
last bit.  The luck of a fault is keyed by its name: adding one moves nothing else.
"""

from collections.abc import Sequence

from cqrsim.plan.draws import Draws
from cqrsim.plan.parts import STALLED, UNSLOWED, FaultPeriod, Hits
from cqrsim.scenario.faults import AnyFault, DiskFull, LostMessages, SlowDisk, Stall, WriteErrors
from cqrsim.trace import FaultNote

Faults = Sequence[AnyFault]


def fault_names(faults: Faults) -> tuple[str, ...]:
    """The given names; faults without one are called after their kind and their count among its kind."""
    names, counts = [], dict[str, int]()
    for fault in faults:
        counts[fault.kind] = counts.get(fault.kind, 0) + 1
        names.append(fault.name if fault.name is not None else f"{fault.kind} {counts[fault.kind]}")
    return tuple(names)


def fault_notes(faults: Faults) -> tuple[FaultNote, ...]:
    """What the trace says of each fault."""
    names = fault_names(faults)
    return tuple(
        FaultNote(name, fault.kind, getattr(fault, "link", "disk")) for name, fault in zip(names, faults, strict=True)
    )


def _period(fault: AnyFault, end_ns: int) -> tuple[int, int]:
    begins = int(fault.at)
    ends = end_ns if fault.lasts is None else min(end_ns, begins + int(fault.lasts))
    return begins, ends


def _can_fire(fault: AnyFault, begins: int, ends: int) -> bool:
    unslowed = isinstance(fault, SlowDisk) and round(fault.factor * UNSLOWED) == UNSLOWED
    return begins < ends and getattr(fault, "share", 1.0) > 0.0 and not unslowed


def fault_periods(faults: Faults, end_ns: int) -> tuple[FaultPeriod, ...]:
    """The stretches of time that the trace records: of all faults that can fire and do not hold throughout."""
    periods = []
    for number, fault in enumerate(faults):
        begins, ends = _period(fault, end_ns)
        if _can_fire(fault, begins, ends) and (begins, ends) != (0, end_ns):
            periods.append(FaultPeriod(number, begins, ends))
    return tuple(periods)


def full_periods(faults: Faults) -> tuple[tuple[int, int, int], ...]:
    """When somebody else has taken all room on the disk: (begin, end, fault)."""
    return tuple(
        (int(fault.at), int(fault.at) + int(fault.lasts), number)
        for number, fault in enumerate(faults)
        if isinstance(fault, DiskFull) and int(fault.lasts) > 0
    )


def disk_timeline(faults: Faults) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """When the disk's speed changes, and its slowness from then on; slow periods that overlap multiply."""
    slow = [
        (int(fault.at), int(fault.at) + int(fault.lasts), _slowness(fault))
        for fault in faults
        if isinstance(fault, SlowDisk | Stall) and int(fault.lasts) > 0 and _slowness(fault) != UNSLOWED
    ]
    changes = sorted({time for begins, ends, _ in slow for time in (begins, ends)})
    return tuple(changes), tuple(_slowness_at(time, slow) for time in changes)


def _slowness(fault: SlowDisk | Stall) -> int:
    return STALLED if isinstance(fault, Stall) else max(1, round(fault.factor * UNSLOWED))


def _slowness_at(time: int, slow: list[tuple[int, int, int]]) -> int:
    slowness = UNSLOWED
    for begins, ends, factor in slow:
        if begins <= time < ends:
            slowness = slowness * factor // UNSLOWED
    return slowness


def write_errors(faults: Faults, draws: Draws, end_ns: int) -> tuple[Hits, ...]:
    """Shares of writes that the disk answers with a clean error."""
    hits = []
    for number, (fault, name) in enumerate(zip(faults, fault_names(faults), strict=True)):
        if isinstance(fault, WriteErrors):
            hits += _hits(draws, f"fault {name}", fault.share, (*_period(fault, end_ns), number))
    return tuple(hits)


def message_losses(link: str, target: str, loss: float, faults: Faults, draws: Draws, end_ns: int) -> tuple[Hits, ...]:
    """Shares of messages that a link loses: its own loss, and that of faults."""
    hits = _hits(draws, f"loss {link} {target}", loss, (0, end_ns, -1))
    for number, (fault, name) in enumerate(zip(faults, fault_names(faults), strict=True)):
        if isinstance(fault, LostMessages) and fault.link == link:
            hits += _hits(draws, f"fault {name} {target}", fault.share, (*_period(fault, end_ns), number))
    return tuple(hits)


def _hits(draws: Draws, purpose: str, share: float, where: tuple[int, int, int]) -> list[Hits]:
    hit = draws.marks(purpose, share)
    begins, ends, fault = where
    return [] if hit is None or begins >= ends else [Hits(hit, begins, ends, fault)]
