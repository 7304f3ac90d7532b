"""All ways to learn of an outcome, with all ways to come by the state, in calm and in trouble."""

import pytest

import cqrsim as cq
from contract.agreement import agreed, plain
from contract.systems import busy
from cqrsim import ms
from cqrsim.scenario import presets
from cqrsim.scenario.feedback import Feedback
from cqrsim.scenario.state import State

FEEDBACK: dict[str, cq.AnyFeedback] = {
    "decided": cq.SyncValidation(),
    "written": cq.SyncValidation("written"),
    "applied": cq.SyncValidation("applied"),
    "applied for a while": cq.SyncValidation("applied", projections="list", wait_at_most=ms(10)),
    "event pushed": cq.ForwardEvent(),
    "event polled": cq.ForwardEvent(poll=cq.Polling(ms(5), factor=1.5, cap=ms(30), at_most=5)),
    "event, id of the handler": cq.ForwardEvent(poll=ms(10), command_id="handler"),
    "silence": cq.Silence(reload=ms(20), patience=ms(100), of="list"),
    "cache": cq.ErrorCache(keep_for=ms(40), poll=ms(10), at_most=2),
    "cache and view": cq.ErrorCache(keep_for=ms(40), poll=ms(10), success_by="read_model", reload=ms(15)),
    "cache, id of the handler": cq.ErrorCache(keep_for=ms(40), poll=ms(10), command_id="handler"),
    "written, or the event": cq.SyncValidation("written") | cq.ForwardEvent(poll=ms(20)),
}
STATE: dict[str, cq.AnyState] = {
    "own first": cq.OwnStore(ms(1)),
    "event first": cq.OwnStore(ms(1), order="event_first", reconcile_every=ms(50)),
    "published": cq.FromPublished(),
    "published, and catches up": cq.FromPublished(give_up_after=ms(20), catch_up=True, in_doubt="say_unknown"),
    "generated, forgets": cq.FromGenerated(wait=False),
    "generated": cq.FromGenerated(give_up_after=ms(20)),
    "generated, in doubt": cq.FromGenerated(give_up_after=ms(20), in_doubt="say_unknown"),
    "generated, careful": cq.FromGenerated(careful=True, give_up_after=ms(20)),
    "loaded": cq.LoadDecideAppend(retries=2, give_up_after=ms(20)),
    "loaded once": cq.LoadDecideAppend(retries=0, in_doubt="say_unknown"),
}
FAULTS: dict[str, tuple[cq.AnyFault, ...]] = {
    "calm": (),
    "messages": (
        cq.LostMessages(0.05, "handler->store"),
        cq.LostMessages(0.05, "store->handler"),
        cq.LostMessages(0.05, "store->subscriber"),
        cq.DuplicateMessages(0.1, "client->handler", after=ms(2)),
        cq.DelayedMessages(cq.Exponential(ms(5)), "handler->client", share=0.2),
    ),
    "crashes": (
        cq.StoreCrash(ms(60), restart=ms(20)),
        cq.HandlerCrash(ms(110), restart=ms(10)),
        cq.Overlap(ms(150), lasts=ms(40)),
        cq.ProjectionCrash(ms(130), restart=ms(10)),
    ),
    "disk": (
        cq.AmbiguousErrors(0.1, kept=0.5),
        cq.FlushErrors(0.1),
        cq.SlowDisk(4, ms(50), ms(40)),
        cq.PowerLoss(ms(150), restart=ms(20), tears=True),
    ),
}


@pytest.mark.parametrize("state", STATE)
def test_every_feedback_with_every_state(state: str) -> None:
    """Equal digests; each pair in calm or in some trouble, and with processes that crash."""
    for place, feedback in enumerate(FEEDBACK.values(), list(STATE).index(state)):
        for trouble in (("calm", "messages", "disk")[place % 3], "crashes"):
            agreed(busy(feedback=feedback, state=STATE[state], faults=FAULTS[trouble], length=ms(200)), seed=2)


@pytest.mark.long
@pytest.mark.parametrize("trouble", FAULTS)
@pytest.mark.parametrize("state", STATE)
def test_every_feedback_with_every_state_in_every_trouble(state: str, trouble: str) -> None:
    """All three, a few times each."""
    for feedback in FEEDBACK.values():
        for seed in range(10, 13):
            agreed(busy(feedback=feedback, state=STATE[state], faults=FAULTS[trouble]), seed)


@pytest.mark.parametrize("trouble", ["messages", "disk"])
@pytest.mark.parametrize("state", STATE)
def test_every_state_by_rules_as_they_stand(state: str, trouble: str) -> None:
    """Equal digests, too."""
    agreed(busy(state=STATE[state], faults=FAULTS[trouble]), seed=3, engine=plain)


def test_no_strategy_is_left_out() -> None:
    """A new one is missed here, whether the presets know it or not."""
    assert {type(one) for one in STATE.values()} == set(State.__subclasses__())
    assert {type(one) for one in FEEDBACK.values()} == set(Feedback.__subclasses__())
    base = busy()
    cases = [*presets.state_cases(base).values(), *presets.feedback_cases(base).values()]
    for case in cases:
        agreed(case, seed=5)
