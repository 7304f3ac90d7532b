"""Scenarios as hypothesis makes them: small, busy, rich in ties, with every part of the vocabulary."""

from hypothesis import strategies as st

import cqrsim as cq
from cqrsim import bytes_, ms, per_second, us


def durations(at_most_ms: int = 20) -> st.SearchStrategy[cq.Duration]:
    """Whole milliseconds often, so that things coincide; else anything."""
    return st.one_of(st.integers(0, at_most_ms).map(ms), st.integers(0, at_most_ms * 1000).map(us))


def distributions(at_most_ms: int = 10) -> st.SearchStrategy[cq.AnyDistribution]:
    """Constants above all: they make ties."""
    positive = st.integers(1, at_most_ms).map(ms)
    return st.one_of(
        durations(at_most_ms).map(cq.Constant),
        positive.map(cq.Exponential),
        positive.map(lambda high: cq.Uniform(ms(0), high)),
        positive.map(lambda mean: cq.Gamma(mean, cv=0.7)),
        positive.map(lambda p50: cq.LogNormal(p50=p50, p99=p50 * 5)),
    )


def pollings() -> st.SearchStrategy[cq.Polling]:
    return st.builds(
        cq.Polling,
        first=st.integers(1, 30).map(ms),
        factor=st.sampled_from([1.0, 1.5, 2.0]),
        cap=st.sampled_from([None, ms(50)]),
        at_most=st.sampled_from([None, 5]),
    )


def feedbacks() -> st.SearchStrategy[cq.AnyFeedback]:
    """The four cases, and combinations of two."""
    by = st.sampled_from(["client", "handler"])
    simple = st.one_of(
        st.builds(cq.SyncValidation, answer_at=st.sampled_from(["decided", "written"])),
        st.builds(cq.SyncValidation, answer_at=st.just("applied"), wait_at_most=st.sampled_from([None, ms(20)])),
        st.builds(cq.ForwardEvent, poll=st.one_of(st.none(), pollings()), command_id=by),
        st.builds(cq.Silence, reload=pollings(), patience=st.sampled_from([ms(100), ms(400)])),
        st.builds(cq.ErrorCache, keep_for=st.integers(1, 200).map(ms), at_most=st.sampled_from([None, 1, 3]),
                  poll=pollings(), success_by=st.sampled_from(["event", "read_model"])),
    )  # fmt: skip
    return st.one_of(simple, st.tuples(simple, simple).map(lambda pair: pair[0] | pair[1]))


def states(timeouts: bool = True) -> st.SearchStrategy[cq.AnyState]:
    """Every state design; without timeouts only what waits for ever."""
    wait = st.sampled_from([None, ms(5), ms(30)]) if timeouts else st.none()
    return st.one_of(
        st.builds(cq.OwnStore, save=distributions(3), order=st.sampled_from(["own_first", "event_first"])),
        st.builds(cq.FromPublished, give_up_after=wait),
        st.builds(cq.FromGenerated, wait=st.just(False)),
        st.builds(cq.FromGenerated, give_up_after=wait),
        st.builds(cq.FromGenerated, careful=st.just(True), give_up_after=wait),
        st.builds(cq.LoadDecideAppend, retries=st.integers(0, 2), give_up_after=wait),
    )


def arrivals() -> st.SearchStrategy[cq.AnyArrivals]:
    return st.one_of(
        st.integers(20, 400).map(lambda rate: cq.Poisson(per_second(rate))),
        st.integers(2, 30).map(lambda gap: cq.Regular(ms(gap))),
        st.lists(st.integers(0, 200), min_size=1, max_size=30).map(
            lambda times: cq.Recorded(times=tuple(ms(t) for t in sorted(times)))
        ),
        st.builds(cq.Bursts, rate=st.just(per_second(50)), burst_rate=st.just(per_second(500)),
                  quiet=st.just(cq.Exponential(ms(100))), burst=st.just(cq.Constant(ms(20)))),
        st.builds(cq.Closed, clients=st.integers(1, 5), think=st.integers(1, 30).map(ms),
                  pace=st.sampled_from([None, ms(20)]), waits_for=st.sampled_from(["answer", "outcome"])),
    )  # fmt: skip


def clients(name: str, retries: bool = True) -> st.SearchStrategy[cq.Clients]:
    tries = st.one_of(
        st.none(),
        st.builds(cq.Retries, at_most=st.integers(1, 2), first=st.integers(0, 20).map(ms),
                  same_id=st.booleans(), jitter=st.sampled_from([0.0, 0.5])),
    ) if retries else st.none()  # fmt: skip
    return st.builds(
        cq.Clients,
        arrivals=arrivals(),
        name=st.just(name),
        feedback=st.one_of(st.none(), feedbacks()),
        invalid=st.sampled_from([0.0, 0.1, 0.6]),
        pre_validation=st.sampled_from([None, cq.PreValidation(caught=0.5, cost=ms(1))]),
        patience=st.sampled_from([None, ms(30), ms(300)]) if retries else st.none(),
        retries=tries,
        events=st.sampled_from([1, 3, ((0, 0.2), (1, 0.5), (2, 0.3))]),
        changes=st.sampled_from([((1, 1.0),), ((1, 0.5), (-1, 0.5))]),
        own_reads=st.sampled_from([None, cq.OwnReads(after=ms(2), count=2, gap=ms(3))]),
        background_reads=st.sampled_from([None, cq.BackgroundReads(per_second(30), sessions=3)]),
    )


def networks() -> st.SearchStrategy[cq.Network]:
    links = list(cq.Network.__dataclass_fields__)
    chosen = st.dictionaries(st.sampled_from(links), distributions(5), max_size=5)
    return chosen.map(lambda routes: cq.Network(**routes))


def stores() -> st.SearchStrategy[cq.EventStore]:
    policy = {
        "publish": st.sampled_from(["after_durable", "before_durable"]),
        "check_version": st.booleans(),
        "dedupe": st.booleans(),
        "snapshot_every": st.sampled_from([None, 3]),
        "read": distributions(3),
        "read_per_event": st.sampled_from([ms(0), us(50)]),
    }
    flush = st.one_of(
        st.fixed_dictionaries({"flush": st.sampled_from(["group", "each"])}),
        st.fixed_dictionaries({"flush": st.just(ms(7)), "answer_after": st.sampled_from(["flush", "write"])}),
    )
    batch = st.one_of(
        st.fixed_dictionaries({"batch_at_most": st.sampled_from([1, 3, None])}),
        st.fixed_dictionaries({"batch_at_most": st.sampled_from([3, None]), "batch_window": st.just(ms(2))}),
    )
    parts = st.tuples(st.fixed_dictionaries(policy), flush, batch)
    return parts.map(lambda found: cq.EventStore(**(found[0] | found[1] | found[2])))


def projections() -> st.SearchStrategy[tuple[cq.Projection, ...]]:
    def one(name: str) -> st.SearchStrategy[cq.Projection]:
        return st.builds(
            cq.Projection,
            apply=distributions(4),
            name=st.just(name),
            poll=st.sampled_from([None, ms(10)]),
            batch=st.sampled_from([None, 4]),
            commit=st.sampled_from([None, cq.Constant(ms(1))]),
            checkpoint_every=st.sampled_from([None, 5]),
            checkpoint=st.just(cq.Constant(ms(1))),
        )

    return st.one_of(one("a").map(lambda a: (a,)), st.tuples(one("a"), one("b")))


def faults() -> st.SearchStrategy[object]:
    times = st.integers(0, 250).map(ms)
    spans = st.integers(1, 80).map(ms)
    return st.one_of(
        st.builds(cq.DiskFull, at=times, lasts=spans),
        st.builds(cq.WriteErrors, share=st.sampled_from([0.05, 0.5, 1.0]), at=times, lasts=spans),
        st.builds(cq.SlowDisk, factor=st.sampled_from([2.0, 7.5]), at=times, lasts=spans),
        st.builds(cq.Stall, at=times, lasts=spans),
        st.builds(cq.LostMessages, share=st.sampled_from([0.05, 0.5]), at=times, lasts=st.one_of(st.none(), spans),
                  link=st.sampled_from(["client->handler", "handler->client", "handler->store", "store->handler",
                                        "store->subscriber", "store->projection", "store->client"])),
        st.builds(cq.AmbiguousErrors, share=st.just(0.3), at=times, lasts=spans),
        st.builds(cq.StoreCrash, at=times, restart=spans, while_down=st.sampled_from(["held", "lost"])),
        st.tuples(st.builds(cq.LyingFlush, at=times), st.builds(cq.PowerLoss, at=times, restart=spans)),
        st.builds(cq.FailOver, at=times, appends=st.integers(1, 5), switch=spans),
        st.builds(cq.SilentChange, at=times, detected=st.sampled_from([0.0, 1.0])),
        st.builds(cq.HandlerCrash, at=times, restart=spans, while_down=st.sampled_from(["held", "lost"])),
        st.builds(cq.Overlap, at=times, lasts=spans),
        st.builds(cq.ProjectionCrash, at=times, restart=spans),
        st.builds(cq.DuplicateMessages, share=st.just(0.3),
                  link=st.sampled_from(["client->handler", "handler->store"])),
    )  # fmt: skip


def flattened(found: list[object]) -> tuple[cq.AnyFault, ...]:
    """Faults that only make sense together stand in a tuple."""
    return tuple(fault for one in found for fault in (one if isinstance(one, tuple) else (one,)))


def scenarios(with_faults: bool = True, timeouts: bool = True) -> st.SearchStrategy[cq.Scenario]:
    """Whole systems; without timeouts nobody ever stops waiting, and nobody tries again.

    Handlers that take no turns accept twice by design, so they are left to the scenarios with faults.
    """
    one = clients("one", timeouts)
    return st.builds(
        cq.Scenario,
        clients=st.one_of(one, st.tuples(one, clients("two", timeouts))),
        feedback=feedbacks(),
        state=states(timeouts),
        handlers=st.builds(cq.Handlers, shards=st.integers(1, 3), workers=st.integers(1, 2),
                           queue_limit=st.sampled_from([None, 0, 5]) if timeouts else st.none(),
                           validate=distributions(4), worker_waits=st.booleans(),
                           turn=st.sampled_from(["aggregate", "shard", "everything"] + ["none"] * with_faults)),
        store=stores(),
        disk=st.builds(cq.Disk, write=distributions(4), flush=distributions(2), per_kib=st.sampled_from([ms(0), us(9)]),
                       capacity=st.sampled_from([None, bytes_(20_000)]) if with_faults else st.none()),
        projections=projections(),
        network=networks(),
        aggregates=st.sampled_from([cq.Evenly(1), cq.Evenly(5), cq.Zipf(20, 1.0), cq.Evenly(1000)]),
        rule=st.sampled_from([None, cq.Range(0, 1), cq.Range(-3, 3)]),
        faults=st.lists(faults(), max_size=3).map(flattened) if with_faults else st.just(()),
        length=st.just(ms(300)),
        grace=st.just(ms(20)),
        drain=st.just(cq.seconds(120) if not timeouts else cq.seconds(20)),
    )  # fmt: skip
