"""Every setting of clients, handlers, store, disk, projections, network and aggregates, one after the other."""

import pytest

import cqrsim as cq
from contract.agreement import agreed
from contract.systems import busy
from cqrsim import bytes_, ms, per_second, us

TROUBLE = (
    cq.LostMessages(0.05, "store->handler"),
    cq.FlushErrors(0.05, kept=0.5),
    cq.StoreCrash(ms(120), restart=ms(10)),
    cq.HandlerCrash(ms(170), restart=ms(5)),
    cq.ProjectionCrash(ms(150), restart=ms(5)),
)
ROUTE = cq.Route(cq.Exponential(ms(2)), loss=0.05, in_order=False)

CLIENTS: dict[str, dict[str, object]] = {
    "regular": {},
    "poisson": {"arrivals": cq.Poisson(per_second(150))},
    "recorded, all at once": {"arrivals": cq.Recorded(times=[ms(10)] * 12 + [ms(50)] * 3)},
    "bursts": {"arrivals": cq.Bursts(per_second(50), per_second(600), quiet=ms(40), burst=cq.Exponential(ms(10)))},
    "closed": {"arrivals": cq.Closed(3, think=ms(5))},
    "closed, by the outcome": {"arrivals": cq.Closed(3, think=cq.Exponential(ms(5)), waits_for="outcome", at_most=30)},
    "closed, in step": {"arrivals": cq.Closed(4, think=ms(0), pace=ms(10))},
    "pre-validated": {"invalid": 0.5, "pre_validation": cq.PreValidation(0.5, cost=cq.Exponential(ms(1)))},
    "patient": {"patience": ms(15)},
    "retries": {"patience": ms(10), "retries": cq.Retries(3, ms(2), factor=1.5, cap=ms(4), jitter=0.5)},
    "retries by other ids": {"patience": ms(10), "retries": cq.Retries(2, ms(0), same_id=False)},
    "retries after failures": {"invalid": 0.3, "retries": cq.Retries(2, ms(3), after="failure")},
    "sessions": {"sessions": 3},
    "sizes": {"event_size": bytes_(5000), "error_size": bytes_(3000)},
    "many events": {"events": ((0, 0.3), (1, 0.3), (4, 0.4))},
    "own reads": {"own_reads": cq.OwnReads(after=cq.Exponential(ms(2)), count=3, gap=ms(2), of=("board", "list"))},
    "background reads": {"background_reads": cq.BackgroundReads(per_second(200), sessions=3, of="list")},
}
PARTS: dict[str, dict[str, object]] = {
    "one shard, one worker": {"handlers": cq.Handlers(validate=ms(2))},
    "workers": {"handlers": cq.Handlers(workers=4, validate=cq.Exponential(ms(4)))},
    "turn of a shard": {"handlers": cq.Handlers(shards=2, workers=2, turn="shard", validate=ms(1))},
    "turn of everything": {"handlers": cq.Handlers(shards=3, workers=2, turn="everything", validate=ms(1))},
    "no turns": {"handlers": cq.Handlers(shards=2, workers=3, turn="none", validate=cq.Exponential(ms(2)))},
    "worker waits": {"handlers": cq.Handlers(shards=2, workers=2, worker_waits=True, validate=ms(1))},
    "queue limit": {"handlers": cq.Handlers(queue_limit=1, validate=ms(8))},
    "no queue": {"handlers": cq.Handlers(queue_limit=0, workers=2, validate=ms(8))},
    "no queue, no turns": {"handlers": cq.Handlers(queue_limit=0, validate=ms(8), turn="none")},
    "no queue, one for all": {"handlers": cq.Handlers(queue_limit=0, workers=2, validate=ms(8), turn="everything")},
    "no queue, by shard": {"handlers": cq.Handlers(queue_limit=0, shards=2, validate=ms(8), turn="shard")},
    "no rule": {"rule": None},
    "rule that starts high": {"rule": cq.Range(-2, 4, start=3)},
    "one aggregate": {"aggregates": cq.Evenly(1)},
    "many aggregates": {"aggregates": cq.Evenly(1000)},
    "popular aggregates": {"aggregates": cq.Zipf(20, 1.1)},
    "weighted aggregates": {"aggregates": cq.Weighted((5, 1, 1))},
    "warm up": {"warm_up": ms(100)},
    "no grace": {"grace": ms(0)},
    "short drain": {"drain": ms(1)},
    "slow disk": {"disk": cq.Disk(write=ms(6), flush=ms(3))},
    "free disk": {"disk": cq.Disk()},
    "disk by size": {"disk": cq.Disk(write=us(100), per_kib=us(700))},
    "full disk": {"disk": cq.Disk(write=ms(1), capacity=bytes_(5000))},
    "irregular disk": {"disk": cq.Disk(write=cq.LogNormal(p50=ms(1), p99=ms(9)), flush=cq.Gamma(ms(1), cv=0.7))},
    "measured disk": {"disk": cq.Disk(write=cq.Empirical(values=[ms(1), ms(4), us(30)], replay=True))},
    "mixed disk": {"disk": cq.Disk(write=cq.Mixture(((0.9, ms(1)), (0.1, cq.Uniform(ms(5), ms(9))))))},
    "slow messages": {"network": ms(2)},
    "random messages": {"network": cq.Exponential(ms(1))},
    "messages that get lost, and overtake": {"network": dict.fromkeys(cq.Network.__dataclass_fields__, ROUTE)},
}
STORE: dict[str, dict[str, object]] = {
    "group": {"batch_at_most": None},
    "group with a window": {"batch_at_most": None, "batch_window": ms(4)},
    "group of three with a window": {"batch_at_most": 3, "batch_window": ms(4)},
    "each": {"flush": "each", "batch_at_most": 3},
    "periodic": {"flush": ms(9)},
    "periodic, answers after the write": {"flush": ms(9), "answer_after": "write"},
    "periodic, reads of what is written": {"flush": ms(9), "answer_after": "write", "reads": "written"},
    "periodic, reads of what is flushed": {"flush": ms(9), "answer_after": "write", "reads": "flushed"},
    "periodic, in groups": {"flush": ms(9), "batch_at_most": None, "batch_window": ms(2)},
    "publishes early": {"publish": "before_durable"},
    "checks versions": {"check_version": True},
    "dedupes": {"dedupe": True},
    "dedupes for a while": {"dedupe": True, "dedupe_for": ms(20)},
    "dedupes a few": {"dedupe": True, "dedupe_at_most": 2},
    "snapshots": {"snapshot_every": 3, "read": ms(1), "read_per_event": ms(1)},
    "slow reads": {"read": cq.Exponential(ms(5)), "read_per_event": us(300)},
    "poisoned by errors": {"on_error": "poison"},
    "dies of errors": {"on_error": "exit", "restart": cq.Exponential(ms(10))},
    "flushes again": {"retry_flush": True},
    "refuses damage": {"recover": "refuse"},
    "fences": {"fencing": True},
    "publishes again": {"republish": True},
}
VIEWS: dict[str, dict[str, object]] = {
    "free": {"apply": ms(0)},
    "slow": {"apply": cq.Exponential(ms(6))},
    "polls": {"poll": ms(10)},
    "polls batches": {"poll": ms(10), "batch": 2},
    "batches": {"batch": 4},
    "commits": {"batch": 4, "commit": ms(3)},
    "checkpoints": {"checkpoint_every": 4, "checkpoint": ms(2)},
    "rebuilt from checkpoints": {"checkpoint_every": 4, "rebuild": "checkpoint", "rebuild_per_event": ms(1)},
    "rebuilt slowly": {"rebuild_per_event": ms(5), "serves_while_rebuilding": False},
    "catches up": {"catch_up": True},
    "buffer": {"apply": ms(8), "buffer": 1},
    "buffer, and catches up": {"apply": ms(8), "buffer": 1, "catch_up": True},
}


def both(scenario: cq.Scenario) -> None:
    """In calm and in trouble."""
    agreed(scenario, seed=6)
    agreed(scenario.with_faults(*TROUBLE), seed=6)


@pytest.mark.parametrize("name", CLIENTS)
def test_clients(name: str) -> None:
    """One setting is another, and nothing goes wrong, or much."""
    settings = {"arrivals": cq.Regular(ms(4)), "name": "one", "changes": ((1, 0.5), (-1, 0.5))} | CLIENTS[name]
    for feedback in (cq.SyncValidation("written"), cq.ErrorCache(keep_for=ms(50), poll=ms(10)) | cq.ForwardEvent()):
        both(busy(clients=cq.Clients(**settings), feedback=feedback))  # type: ignore[arg-type]


@pytest.mark.parametrize("name", PARTS)
def test_parts(name: str) -> None:
    """Handlers, disk, network, rule and aggregates."""
    both(busy(**PARTS[name]))


@pytest.mark.parametrize("name", STORE)
def test_stores(name: str) -> None:
    """By handlers that listen, and by such that load: only where nobody reads gaps may the store speak too early."""
    settings = {"restart": ms(10)} | STORE[name]
    views = cq.Projection(ms(1), name="list")
    for state in (cq.FromPublished(give_up_after=ms(30)), cq.LoadDecideAppend(retries=2, give_up_after=ms(30))):
        both(busy(store=cq.EventStore(**settings), state=state, projections=views))  # type: ignore[arg-type]


@pytest.mark.parametrize("name", VIEWS)
def test_views(name: str) -> None:
    """One projection among two."""
    settings = {"apply": ms(1), "name": "list"} | VIEWS[name]
    both(busy(projections=(cq.Projection(ms(1), name="board"), cq.Projection(**settings))))  # type: ignore[arg-type]


def test_every_setting_is_another_somewhere() -> None:
    """A new setting is missed here."""
    for kind, settings in ((cq.Clients, CLIENTS), (cq.EventStore, STORE), (cq.Projection, VIEWS)):
        given = {name for changed in settings.values() for name in changed} | {"name", "kind"}
        always = {"changes", "feedback", "restart", "invalid"}
        assert set(kind.__dataclass_fields__) <= given | always
