"""Random small systems: few aggregates, so that commands meet; every setting of the vocabulary now and then."""

import cqrsim as cq
from cqrsim import bytes_, kb, ms, per_second, seconds, us

from .dice import Dice

LENGTHS_MS = (200, 400, 800, 1500)


def system(dice: Dice) -> cq.Scenario:
    """A whole system, in which nothing goes wrong by itself."""
    length = dice.choice(LENGTHS_MS)
    groups = [clients(dice, name, length) for name in ("one", "two")[: dice.choice((1, 1, 2))]]
    keeper, views, appending = state(dice), projections(dice), store(dice)
    if keeper.answers().catch_up or any(view.catch_up for view in views):
        appending = appending.variant(publish="after_durable")
    return cq.Scenario(
        clients=groups,
        feedback=feedback(dice),
        state=keeper,
        handlers=handlers(dice),
        store=appending,
        disk=disk(dice),
        projections=views,
        network=network(dice),
        aggregates=aggregates(dice),
        rule=dice.choice((None, cq.Range(0, 1), cq.Range(0, 1), cq.Range(-2, 3))),
        length=ms(length),
        grace=ms(dice.choice((0, 20, 100))),
        drain=seconds(20),
    )


def clients(dice: Dice, name: str, length_ms: int) -> cq.Clients:
    patience = dice.maybe(0.4, dice.duration(10, 300))
    retries = dice.maybe(
        0.4,
        cq.Retries(
            dice.randint(1, 2),
            dice.duration(1, 30),
            same_id=dice.often(0.7),
            jitter=dice.choice((0.0, 0.5)),
            after=("timeout", "failure") if patience else ("failure",),
        ),
    )
    return cq.Clients(
        arrivals(dice, dice.randint(20, 120), length_ms),
        name=name,
        patience=patience,
        retries=retries,
        changes=dice.choice((1, ((1, 0.5), (-1, 0.5)), ((1, 0.5), (-1, 0.5)))),
        **dice.some(
            0.25,
            feedback=feedback(dice),
            invalid=dice.choice((0.1, 0.5)),
            pre_validation=cq.PreValidation(caught=0.5, cost=ms(1)),
            events=dice.choice((3, ((0, 0.2), (1, 0.5), (2, 0.3)))),
            event_size=bytes_(2000),
            own_reads=cq.OwnReads(after=ms(2), count=2, gap=ms(3)),
            background_reads=cq.BackgroundReads(per_second(50), sessions=3),
        ),
    )


def arrivals(dice: Dice, count: int, length_ms: int) -> cq.AnyArrivals:
    rate = count * 1000 / length_ms
    gap = us(length_ms * 1000 // count)
    closed = cq.Closed(
        clients=dice.randint(1, 5),
        think=dice.distribution(10) if dice.often(0.5) else gap,
        pace=gap,
        waits_for=dice.choice(("answer", "outcome")),
        at_most=dice.choice((20, 50)),
    )
    burst = cq.Bursts(per_second(rate / 2), burst_rate=per_second(rate * 4), quiet=cq.Exponential(ms(60)), burst=ms(20))
    return dice.choice((cq.Poisson(per_second(rate)), cq.Poisson(per_second(rate)), cq.Regular(gap), burst, closed))


def polling(dice: Dice) -> cq.Polling:
    return cq.Polling(
        dice.duration(2, 30), factor=dice.choice((1.0, 1.5)), cap=ms(60), at_most=dice.choice((5, 50, 100))
    )


def feedback(dice: Dice) -> cq.AnyFeedback:
    one = simple_feedback(dice)
    return one | simple_feedback(dice) if dice.often(0.2) else one


def simple_feedback(dice: Dice) -> cq.AnyFeedback:
    made_by = dice.choice(("client", "client", "handler"))
    kind = dice.randrange(6)
    if kind == 0:
        return cq.SyncValidation()
    if kind == 1:
        return cq.SyncValidation(answer_at="written")
    if kind == 2:
        return cq.SyncValidation(answer_at="applied", wait_at_most=dice.maybe(0.4, ms(20)))
    if kind == 3:
        return cq.ForwardEvent(poll=dice.maybe(0.5, polling(dice)), command_id=made_by)
    if kind == 4:
        return cq.Silence(reload=polling(dice), patience=dice.choice((ms(100), ms(400))))
    return cq.ErrorCache(
        keep_for=dice.duration(1, 200),
        at_most=dice.choice((None, None, 1, 3)),
        poll=polling(dice),
        success_by=dice.choice(("event", "read_model")),
        command_id=made_by,
    )


def state(dice: Dice) -> cq.AnyState:
    wait = dice.choice((None, ms(5), ms(30), ms(60)))
    doubt = dice.choice(("say_failed", "say_failed", "say_unknown"))
    kind = dice.randrange(7)
    if kind == 0:
        order = dice.choice(("own_first", "event_first"))
        finds = dice.choice((1.0, 0.5))
        mended = {"reconcile_every": dice.duration(20, 200), "reconcile_finds": finds} if dice.often(0.4) else {}
        return cq.OwnStore(dice.distribution(1), order=order, **mended)
    if kind in (1, 2):
        return cq.FromPublished(give_up_after=wait, catch_up=dice.often(0.4), in_doubt=doubt)
    if kind == 3:
        return cq.FromGenerated(wait=False)
    if kind == 4:
        return cq.FromGenerated(give_up_after=wait, in_doubt=doubt)
    if kind == 5:
        return cq.FromGenerated(careful=True, give_up_after=wait)
    return cq.LoadDecideAppend(retries=dice.randint(0, 2), give_up_after=wait, in_doubt=doubt)


def handlers(dice: Dice) -> cq.Handlers:
    return cq.Handlers(
        shards=dice.randint(1, 3),
        workers=dice.randint(1, 3),
        validate=dice.distribution(1),
        **dice.some(
            0.25, queue_limit=5, worker_waits=True, turn=dice.choice(("aggregate", "shard", "everything", "none"))
        ),
    )


def store(dice: Dice) -> cq.EventStore:
    flush = dice.choice(("group", "each", dice.duration(2, 15)))
    periodic = isinstance(flush, cq.Duration)
    dedupe = dice.often(0.3)
    batch = dice.choice((1, 3, None))
    return cq.EventStore(
        flush=flush,
        batch_at_most=batch,
        batch_window=ms(2) if batch != 1 and dice.often(0.3) else ms(0),
        answer_after="write" if periodic and dice.often(0.4) else "flush",
        dedupe=dedupe,
        dedupe_for=dice.maybe(0.3, dice.duration(5, 100)) if dedupe else None,
        dedupe_at_most=dice.maybe(0.3, dice.choice((1, 10))) if dedupe else None,
        restart=dice.distribution(40),
        **dice.some(
            0.25,
            publish="before_durable",
            check_version=True,
            snapshot_every=3,
            read=dice.distribution(1),
            read_per_event=us(50),
            on_error=dice.choice(("poison", "exit")),
            retry_flush=True,
            recover="refuse",
            reads="written",
            fencing=True,
            republish=True,
        ),
    )


def disk(dice: Dice) -> cq.Disk:
    return cq.Disk(
        write=dice.distribution(1),
        flush=dice.distribution(1),
        **dice.some(0.25, per_kib=us(9), capacity=dice.choice((kb(10), kb(40)))),
    )


def projections(dice: Dice) -> list[cq.Projection]:
    return [projection(dice, name) for name in ("board", "list")[: dice.choice((1, 1, 2))]]


def projection(dice: Dice, name: str) -> cq.Projection:
    checkpoints = dice.maybe(0.4, dice.choice((1, 5)))
    how = {"poll": dice.duration(5, 30)} if dice.often(0.3) else dice.some(0.4, catch_up=True, buffer=4)
    return cq.Projection(
        apply=dice.distribution(1),
        name=name,
        checkpoint_every=checkpoints,
        checkpoint=dice.distribution(0.5),
        rebuild=dice.choice(("zero", "checkpoint")) if checkpoints else "zero",
        **how,
        **dice.some(
            0.3,
            batch=4,
            commit=cq.Constant(ms(1)),
            rebuild_per_event=dice.distribution(0.5),
            serves_while_rebuilding=False,
        ),
    )


def network(dice: Dice) -> cq.Network:
    links = sorted(cq.Network.__dataclass_fields__)
    return cq.Network(**{link: route(dice) for link in dice.among(links, 8)})


def route(dice: Dice) -> cq.Route:
    loss = dice.choice((0.0, 0.0, 0.0, 0.05))
    return cq.Route(dice.distribution(2), loss=loss, in_order=dice.often(0.85))


def aggregates(dice: Dice) -> cq.AnyAggregates:
    return dice.choice((cq.Evenly(1), cq.Evenly(3), cq.Evenly(5), cq.Zipf(12, 1.0), cq.Evenly(50)))
