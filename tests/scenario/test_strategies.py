"""Feedback and state come down to answers, as the reference table says."""

from dataclasses import asdict

import pytest

import cqrsim as cq
from cqrsim import ms, seconds
from cqrsim.scenario.feedback import combine

NOTHING = {
    "answer_at": "received", "applied_in": (), "wait_at_most": None, "event_push": False, "event_poll": None,
    "read_model": None, "read_model_of": None, "error_events": False, "error_cache": False, "cache_poll": None,
    "keep_for": None, "cache_at_most": None, "command_id": None, "presume_failure_after": None,
}  # fmt: skip
EVERY = cq.Polling(ms(100))


@pytest.mark.parametrize(
    ("feedback", "answers"),
    [
        (cq.SyncValidation(), {"answer_at": "decided"}),
        (cq.SyncValidation("written"), {"answer_at": "written"}),
        (cq.SyncValidation("applied", projections=["a"], wait_at_most=ms(5)),
         {"answer_at": "applied", "applied_in": ("a",), "wait_at_most": ms(5)}),
        (cq.ForwardEvent(), {"event_push": True, "error_events": True, "command_id": "client"}),
        (cq.ForwardEvent(poll=ms(100)), {"event_poll": EVERY, "error_events": True, "command_id": "client"}),
        (cq.ForwardEvent(ms(100), push=True, command_id="handler"),
         {"event_push": True, "event_poll": EVERY, "error_events": True, "command_id": "handler"}),
        (cq.Silence(ms(100)), {"read_model": EVERY, "presume_failure_after": seconds(10)}),
        (cq.Silence(ms(100), patience=None, of="a"), {"read_model": EVERY, "read_model_of": "a"}),
        (cq.ErrorCache(seconds(30), at_most=9),
         {"event_poll": EVERY, "error_cache": True, "cache_poll": EVERY, "keep_for": seconds(30), "cache_at_most": 9,
          "command_id": "client"}),
        (cq.ErrorCache(seconds(30), success_by="read_model", reload=ms(7), of="a"),
         {"read_model": cq.Polling(ms(7)), "read_model_of": "a", "error_cache": True, "cache_poll": EVERY,
          "keep_for": seconds(30), "command_id": "client"}),
    ],
)  # fmt: skip
def test_feedback_answers(feedback, answers):
    assert dict(vars(feedback.answers()).items()) == {**NOTHING, **answers}


def test_combined_feedback_unites_the_channels():
    one, two, three = (
        cq.ForwardEvent(poll=ms(50)),
        cq.ErrorCache(seconds(30), poll=ms(70)),
        cq.SyncValidation("written"),
    )
    united = (one | two | three).answers()
    assert united.answer_at == "written"
    assert united.event_poll == cq.Polling(ms(50))
    assert united.cache_poll == cq.Polling(ms(70))
    assert united.error_events
    assert united.error_cache
    assert (one | (two | three)) == ((one | two) | three)
    assert (one | two).parts == (one, two)


def test_combining_keeps_the_order_and_the_first_polling():
    fast, slow = cq.Silence(ms(10), of="a"), cq.Silence(seconds(1), of="b")
    assert (fast | slow).answers().read_model == cq.Polling(ms(10))
    assert (fast | slow).answers().read_model_of == "a"
    assert (slow | fast).answers().read_model_of == "b"
    assert combine(fast.answers(), slow.answers()) == (fast | slow).answers()


def test_the_client_makes_the_id_if_any_part_wants_it():
    by_handler, by_client = cq.ForwardEvent(command_id="handler"), cq.ErrorCache(seconds(1))
    assert (by_handler | by_handler).answers().command_id == "handler"
    assert (by_handler | by_client).answers().command_id == "client"


@pytest.mark.parametrize("without_id", [cq.SyncValidation("written"), cq.Silence(ms(100))])
def test_parts_without_an_id_do_not_say_who_makes_it(without_id):
    for maker in ("handler", "client"):
        forward = cq.ForwardEvent(poll=ms(100), command_id=maker)
        assert (without_id | forward).answers().command_id == maker
        assert (forward | without_id).answers().command_id == maker
    assert (without_id | without_id).answers().command_id is None


def test_only_feedback_combines_with_feedback():
    with pytest.raises(TypeError):
        cq.ForwardEvent() | cq.FromPublished()


@pytest.mark.parametrize(
    ("state", "answers"),
    [
        (cq.OwnStore(ms(1)), {"save": "before_append", "save_time": cq.Constant(ms(1)), "fold_on": "decision"}),
        (cq.OwnStore(order="event_first"),
         {"save": "after_append", "save_time": cq.Constant(ms(0)), "fold_on": "decision"}),
        (cq.FromPublished(), {"fold_on": "publication", "wait_for": "publication"}),
        (cq.FromPublished(seconds(1)),
         {"fold_on": "publication", "wait_for": "publication", "give_up_after": seconds(1)}),
        (cq.FromGenerated(wait=False), {"fold_on": "decision"}),
        (cq.FromGenerated(), {"fold_on": "answer", "wait_for": "answer", "give_up_after": seconds(5)}),
        (cq.FromGenerated(careful=True, give_up_after=None),
         {"fold_on": "answer", "wait_for": "answer", "on_doubt": "reread"}),
        (cq.OwnStore(reconcile_every=seconds(9), reconcile_finds=0.5),
         {"save": "before_append", "save_time": cq.Constant(ms(0)), "fold_on": "decision",
          "reconcile_every": seconds(9), "reconcile_finds": 0.5}),
        (cq.FromPublished(catch_up=True, in_doubt="say_unknown"),
         {"fold_on": "publication", "wait_for": "publication", "catch_up": True, "on_doubt": "say_unknown"}),
        (cq.FromGenerated(in_doubt="say_unknown"),
         {"fold_on": "answer", "wait_for": "answer", "give_up_after": seconds(5), "on_doubt": "say_unknown"}),
        (cq.LoadDecideAppend(0, in_doubt="say_unknown"), {"load": True, "wait_for": "answer",
         "give_up_after": seconds(5), "expect_version": True, "on_doubt": "say_unknown"}),
        (cq.LoadDecideAppend(2), {"load": True, "wait_for": "answer", "give_up_after": seconds(5),
         "expect_version": True, "conflict_retries": 2}),
    ],
)  # fmt: skip
def test_state_answers(state, answers):
    nothing = {
        "save": "none", "save_time": None, "fold_on": "never", "wait_for": "nothing", "give_up_after": None,
        "on_doubt": "presume_failure", "load": False, "expect_version": False, "conflict_retries": 0,
        "catch_up": False, "reconcile_every": None, "reconcile_finds": 1.0,
    }  # fmt: skip
    assert vars(state.answers()) == {**nothing, **answers}
    assert set(asdict(state.answers())) == set(nothing)
