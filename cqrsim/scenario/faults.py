"""All that can go wrong, under one roof, and what it is called.

A fault says what happens, when, where and for how long; every short form is a general one (fault.py), written
shorter, and stands with those that strike the same part: the disk, the event store, messages, processes or clients.
Each has luck of its own, keyed by its name.  A fault that cannot fire (share 0, no length) leaves a run as it is, to
the last bit.
"""

from collections.abc import Iterable
from typing import Annotated, TypeAlias

from cqrsim.scenario.choices import Choice
from cqrsim.scenario.client_faults import ClientDisconnect, Flood
from cqrsim.scenario.disk_faults import (
    AmbiguousErrors,
    ConsumeDisk,
    DeadDisk,
    DiskFull,
    FlushErrors,
    LyingFlush,
    SlowDisk,
    Stall,
    WriteErrors,
)
from cqrsim.scenario.fault import Fault, ShortFault
from cqrsim.scenario.message_faults import DelayedMessages, DuplicateMessages, LostMessages, Partition, partition_names
from cqrsim.scenario.process_faults import HandlerCrash, Overlap, ProjectionCrash, Zombie
from cqrsim.scenario.spans import Span
from cqrsim.scenario.store_faults import FailOver, PowerLoss, SilentChange, StoreCrash

AnyFault: TypeAlias = Annotated[
    Fault | DiskFull | WriteErrors | AmbiguousErrors | FlushErrors | SlowDisk | Stall | LyingFlush | DeadDisk
    | ConsumeDisk | PowerLoss | StoreCrash | FailOver | SilentChange | LostMessages | DuplicateMessages
    | DelayedMessages | Partition | HandlerCrash | Overlap | Zombie | ProjectionCrash | ClientDisconnect | Flood,
    Choice("fault"),
]  # fmt: skip


def fault_names(faults: Iterable[AnyFault]) -> tuple[str, ...]:
    """The given names; faults without one are called after their kind and their count among its kind.

    >>> from cqrsim.units import seconds
    >>> fault_names([WriteErrors(0.1), Stall(seconds(1), seconds(2), name="hiccup"), WriteErrors(0.2)])
    ('WriteErrors 1', 'hiccup', 'WriteErrors 2')
    """
    names, counts = [], dict[str, int]()
    for fault in faults:
        counts[fault.kind] = counts.get(fault.kind, 0) + 1
        names.append(fault.name if fault.name is not None else f"{fault.kind} {counts[fault.kind]}")
    return tuple(names)


def named_generals(faults: Iterable[AnyFault]) -> tuple[Fault, ...]:
    """All faults in the general form, each with a name.

    >>> from cqrsim.units import seconds
    >>> [fault.name for fault in named_generals([WriteErrors(0.1), DeadDisk(seconds(1), name="end")])]
    ['WriteErrors 1', 'end']
    """
    faults = tuple(faults)
    pairs = zip(faults, fault_names(faults), strict=True)
    return tuple(general for fault, name in pairs for general in fault.variant(name=name).generals())


__all__ = [
    "AmbiguousErrors", "AnyFault", "ClientDisconnect", "ConsumeDisk", "DeadDisk", "DelayedMessages", "DiskFull",
    "DuplicateMessages", "FailOver", "Fault", "Flood", "FlushErrors", "HandlerCrash", "LostMessages", "LyingFlush",
    "Overlap", "Partition", "PowerLoss", "ProjectionCrash", "ShortFault", "SilentChange", "SlowDisk", "Span", "Stall",
    "StoreCrash", "WriteErrors", "Zombie", "fault_names", "named_generals", "partition_names",
]  # fmt: skip
