"""One measurement in a process of its own: python fresh.py WHAT ARGUMENT..., which prints what it found as JSON."""

import json
import resource
import sys
from time import perf_counter


def peak() -> float:
    """The most memory that this process has had, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def one_run(number: str, varied: str, level: str) -> dict[str, float]:
    """Draw, run, and run and summarise, a number of commands; the engine has been fetched before."""
    import cqrsim as cq
    from cqrsim.engines import array_engine
    from cqrsim.plan.plan import lower

    scenario = system(cq, int(number), varied, int(level))
    cq.stream(system(cq, 100, varied, int(level)), seed=1, engine="array").summary()
    before, found = peak(), dict[str, float]()
    begin = perf_counter()
    plan = lower(scenario, seed=1)
    found["draw"] = perf_counter() - begin
    del plan
    begin = perf_counter()
    cq.stream(scenario, seed=1, engine="array").summary()
    found["first"], found["peak"], found["before"] = perf_counter() - begin, peak(), before
    begin = perf_counter()
    cq.stream(scenario, seed=1, engine="array").summary()
    found["whole"] = perf_counter() - begin
    plan = lower(scenario, seed=1)
    begin = perf_counter()
    array_engine.stream(plan, lambda: lambda rows: None)
    return found | {"engine": perf_counter() - begin, "commands": len(plan.marks)}


def system(cq, commands, varied, level):  # type: ignore[no-untyped-def]
    """The three stations, one thing of which is varied."""
    from systems import THREE_STATIONS, lasting

    base = lasting(THREE_STATIONS, commands)
    if varied == "clients":
        return base.with_({"clients.sessions": level})
    if varied == "aggregates":
        return base.with_(aggregates=cq.Evenly(level))
    if varied == "projections":
        apply = cq.Exponential(cq.ms(2))
        return base.with_(projections=tuple(cq.Projection(apply, f"view {n}") for n in range(level)))
    return base


def getting_ready() -> dict[str, float]:
    """Import, and then a first run of few commands on the compiled engine, and its first summary as a stream."""
    begin = perf_counter()
    from systems import THREE_STATIONS, lasting

    import cqrsim as cq

    small, found = lasting(THREE_STATIONS, 100), {"import": perf_counter() - begin}
    begin = perf_counter()
    cq.simulate(small, seed=1, engine="array")
    found["engine"] = perf_counter() - begin
    begin = perf_counter()
    cq.stream(small, seed=1, engine="array").summary()
    found["summary"] = perf_counter() - begin
    begin = perf_counter()
    cq.stream(small, seed=1, engine="array").summary()
    return found | {"again": perf_counter() - begin}


if __name__ == "__main__":
    print(json.dumps({"run": one_run, "ready": getting_ready}[sys.argv[1]](*sys.argv[2:])))
