"""Small systems for directed stories: a few commands at given times, about one aggregate."""

import cqrsim as cq
from cqrsim import ms, seconds


def at(*times_ms: float) -> cq.Recorded:
    """Commands at these times."""
    return cq.Recorded(times=[ms(time) for time in times_ms])


def story(arrivals: cq.AnyArrivals, *faults: cq.AnyFault, **parts: object) -> cq.Scenario:
    """One aggregate, 2 ms for a write and 1 ms for a flush, nothing else takes time unless it is said."""
    settings: dict[str, object] = {
        "clients": cq.Clients(arrivals),
        "feedback": cq.SyncValidation(answer_at="written"),
        "state": cq.FromGenerated(give_up_after=None),
        "aggregates": cq.Evenly(1),
        "disk": cq.Disk(write=ms(2), flush=ms(1)),
        "length": seconds(1),
        "drain": seconds(5),
    }
    return cq.Scenario(**(settings | parts), faults=faults)  # type: ignore[arg-type]
