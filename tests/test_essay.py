"""Every claim of the essay has the verdict that the model's rules say, and loses it without its mechanism."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import cache
from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import cqrsim as cq
from cqrsim import ms, seconds
from cqrsim.experiments import claims as judging
from cqrsim.experiments.claim_checks import Known, judged, one_verdict
from cqrsim.scenario.claims import Claim, Condition, above, alike, below, more

HOLDS, CONDITION, FAILS, NOT_TESTED = "holds", "holds under a condition", "does not hold", "not for a simulator"
ESSAY = {claim.id: claim for claim in cq.presets.claims()}
SUM_UP = judging.sum_up
TESTED = [claim for claim in ESSAY.values() if claim.is_testable]

EXPECTED = {
    "one_at_a_time": CONDITION,  # a second instance knows nothing of the turns of the first
    "waiting_takes_longer": HOLDS,  # the answer waits for a worker and the validation, "received" for neither
    "waiting_client_knows": CONDITION,  # decided comes before written
    "forward_event_tells": CONDITION,  # the error event is an append like any other
    "pushed_or_polled": CONDITION,  # a push is sent once
    "handler_made_id_needs_a_way_back": HOLDS,  # who does not know the id asks for nothing
    "silence_shows_success": CONDITION,  # what is pushed to a projection may be lost, or late
    "silence_tells_no_reason": HOLDS,  # it has no channel for refusals
    "error_events_fill_the_store": HOLDS,  # they take room
    "cache_spares_the_store": CONDITION,  # an entry that has expired is not found
    "cases_combine": HOLDS,  # whichever channel speaks first; both are asked
    "web_tier_and_silence": CONDITION,  # a full disk asks nobody whether the command was valid
    "interface_and_silence": CONDITION,  # a state changes between the look and the command
    "nearly_all_go_through": CONDITION,  # of two creates of one thing one is refused
    "errors_are_not_immediate": CONDITION,  # a poll is late by half its interval or more, an answer is not
    "reload_shows_the_truth": CONDITION,  # a projection lags
    "store_keeps_all_events": CONDITION,  # what a lying cache held is gone with the power
    "streams_are_quick_to_read": HOLDS,  # reading costs time per event
    "messages_whole_or_not_at_all": CONDITION,  # a lost answer looks like a lost command, and is sent again
    "syncing_can_fail": HOLDS,  # there is an append that may fail
    "projections_can_be_thrown_away": HOLDS,  # a left fold of the log can be done again
    "state_makes_validation_fast": HOLDS,  # nothing has to be read
    "handlers_come_and_go": CONDITION,  # what is still on its way to the disk is read by nobody
    "handlers_are_upgraded": CONDITION,  # two instances decide on the same state
    "handlers_are_sharded": CONDITION,  # one aggregate is in one shard
    "own_store_may_part": HOLDS,  # it does not hear of the failed append
    "own_store_is_hard_to_correct": HOLDS,  # state can be mended, promises cannot
    "published_state_is_consistent": CONDITION,  # what it does not hear it does not know
    "published_failures_are_silent": HOLDS,  # nothing is published of what is not written
    "timeout_is_hard_to_choose": HOLDS,  # late and lost look alike until one has waited
    "published_state_needs_turns": HOLDS,  # the state is old until the event is back
    "turns_make_it_synchronous": CONDITION,  # a turn is that of one aggregate
    "generated_state_is_consistent": CONDITION,  # what is applied early may fail, what is applied late may be unheard
    "answer_tells_the_handler": CONDITION,  # an error may come after the bytes were kept
    "asynchronous_later": CONDITION,  # workers may go on, the aggregate may not
}
"""Written down from the rules of the model, before anything was run."""

OVERLAP = cq.Overlap(at=seconds(1), lasts=seconds(3))
SILENCE = cq.Silence(reload=ms(500), patience=seconds(2))
UNCHECKED = {"clients.pre_validation": None}
SWITCHED_OFF: dict[str, tuple[str, Mapping[str, Any]]] = {
    "one_at_a_time": ("turns", {"handlers.turn": "none"}),
    "waiting_takes_longer": ("wait", {"feedback": SILENCE}),
    "waiting_client_knows": ("disk well", {"faults": cq.WriteErrors(share=0.05)}),
    "forward_event_tells": ("forward event", {"feedback": SILENCE}),
    "pushed_or_polled": ("pushed", {"faults": cq.ClientDisconnect(at=seconds(2), lasts=seconds(1))}),
    "handler_made_id_needs_a_way_back": ("handler makes it", {"feedback": cq.ForwardEvent(poll=ms(50))}),
    "silence_shows_success": ("silence", {"faults": cq.LostMessages(share=0.05)}),
    "silence_tells_no_reason": ("silence", {"feedback": cq.SyncValidation()}),
    "error_events_fill_the_store": ("many mistakes", {"feedback": cq.SyncValidation()}),
    "cache_spares_the_store": ("error cache", {"feedback": cq.ForwardEvent(poll=ms(50))}),
    "cases_combine": ("both", {"feedback": cq.ForwardEvent(poll=ms(50))}),
    "web_tier_and_silence": ("checked before", UNCHECKED),
    "interface_and_silence": ("checked by the interface", UNCHECKED),
    "nearly_all_go_through": ("own web tier", UNCHECKED),
    "errors_are_not_immediate": ("forward event", {"feedback": cq.SyncValidation()}),
    "reload_shows_the_truth": ("reload after a second", {"clients.own_reads": cq.OwnReads(after=ms(1))}),
    "store_keeps_all_events": ("power fails", {"faults": (cq.LyingFlush(), cq.PowerLoss(at=seconds(3)))}),
    "streams_are_quick_to_read": ("one stream for everything", {"aggregates": cq.Evenly(1000)}),
    "messages_whole_or_not_at_all": (
        "messages lost",
        {"clients.patience": ms(100), "clients.retries": cq.Retries(at_most=2, first=ms(50))},
    ),
    "syncing_can_fail": ("disk full", {"faults": ()}),
    "projections_can_be_thrown_away": ("lacked some, thrown away", {"faults": cq.LostMessages(share=0.05)}),
    "state_makes_validation_fast": ("loads it each time", {"state": cq.FromGenerated()}),
    "handlers_come_and_go": ("2b", {"faults": OVERLAP}),
    "handlers_are_upgraded": ("2b, one after the other", {"faults": OVERLAP}),
    "handlers_are_sharded": ("four shards, 2b", {"handlers.shards": 1}),
    "own_store_may_part": ("own store first", {"state": cq.FromGenerated()}),
    "own_store_is_hard_to_correct": ("left alone", {"state": cq.FromGenerated()}),
    "published_state_is_consistent": (
        "writes fail",
        {"faults": cq.LostMessages(link="store->subscriber", share=0.02)},
    ),
    "published_failures_are_silent": ("2a", {"state": cq.FromGenerated()}),
    "timeout_is_hard_to_choose": ("30 ms", {"state": cq.FromGenerated()}),
    "published_state_needs_turns": ("no turns", {"handlers.turn": "aggregate"}),
    "turns_make_it_synchronous": ("2a, one aggregate", {"state": cq.FromGenerated(wait=False)}),
    "generated_state_is_consistent": ("waits for the answer", {"state": cq.FromGenerated(wait=False)}),
    "answer_tells_the_handler": ("clean errors", {"faults": cq.AmbiguousErrors(share=0.05)}),
    "asynchronous_later": ("others go on", {"state": cq.FromGenerated(wait=False)}),
}
"""One design of each claim, without what the claim is about."""


@pytest.fixture(scope="module")
def shared_runs() -> Iterator[None]:
    """What has been run once in this file is not run again."""
    summed = cache(
        lambda scenario, replication, seed, engine: SUM_UP(judging.Task(0, replication, scenario, seed, engine))
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(judging, "sum_up", lambda task: summed(task.scenario, task.replication, task.seed, task.engine))
        yield


@pytest.fixture(scope="module")
def essay(shared_runs: None) -> cq.Claims:
    return cq.judge(n_jobs=1, progress=False)


def test_every_claim_has_the_verdict_that_the_rules_of_the_model_say(essay: cq.Claims) -> None:
    """All claims that can be tested have one, and no other."""
    found = {claim.id: essay.verdict(claim.id) for claim in TESTED}
    assert found == EXPECTED
    assert all(essay.verdict(name) == NOT_TESTED for name in ESSAY if name not in EXPECTED)
    assert essay.errors.empty


def test_every_prediction_is_shown(essay: cq.Claims) -> None:
    """None is left open, in a claim or in a condition, by an interval that is too wide or too near to its limit."""
    assert set(essay.checks["verdict"]) == {"shown"}
    assert essay.checks["value"].between(essay.checks["low"], essay.checks["high"]).all()


@pytest.mark.parametrize("claim", TESTED, ids=lambda claim: claim.id)
def test_without_its_mechanism_a_claim_does_not_hold(claim: Claim, shared_runs: None) -> None:
    """The verdict comes from the simulation: a design that lacks what the claim is about flips it."""
    design, changes = SWITCHED_OFF[claim.id]
    broken = {**claim.designs, design: claim.designs[design].with_(changes)}
    assert cq.judge([replace(claim, designs=broken)], n_jobs=1).verdict(claim.id) == FAILS


@pytest.mark.parametrize("claim", [claim for claim in TESTED if claim.conditions], ids=lambda claim: claim.id)
def test_where_its_condition_is_met_everywhere_a_claim_needs_none(claim: Claim, shared_runs: None) -> None:
    """A condition is named only where the claim is seen to fail without it."""
    met = claim.designs[claim.predictions[0].design]
    own = {name for one in claim.predictions for name in (one.design, one.than)}
    designs = {name: scenario if name in own else met for name, scenario in claim.designs.items()}
    assert cq.judge([replace(claim, designs=designs)], n_jobs=1).verdict(claim.id) == HOLDS


@pytest.mark.long
@pytest.mark.parametrize("seed", [2, 20130526])
def test_other_luck_gives_the_same_verdicts(seed: int) -> None:
    """No verdict hangs on the seed."""
    judged = cq.judge(seed=seed, n_jobs=1)
    assert {claim.id: judged.verdict(claim.id) for claim in TESTED} == EXPECTED


@pytest.mark.parametrize("name", ["published_failures_are_silent", "answer_tells_the_handler"])
def test_other_luck_gives_other_numbers_and_the_same_verdict(name: str, essay: cq.Claims) -> None:
    """The same for two of them, quickly."""
    other = cq.judge([name], seed=7, n_jobs=1)
    assert other.verdict(name) == EXPECTED[name]
    assert (other.checks["value"] != essay.checks.set_index("id").loc[name, "value"].to_numpy()).any()


def test_workers_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """One or two, the numbers are equal to the last bit."""
    monkeypatch.setattr(judging, "sum_up", SUM_UP)
    claim = claim_of(below("answer_ms_mean", "one", 1), more("issued_per_s", "one", "other", 1))
    one, two = (cq.judge([claim], n_jobs=n_jobs, engine="simpy").checks for n_jobs in (1, 2))
    pd.testing.assert_frame_equal(one, two)


def test_claims_say_what_they_test() -> None:
    """Each design serves a prediction, no text is empty, and what is not tested says why."""
    assert len(ESSAY) == len(cq.presets.claims()) and set(EXPECTED) == {claim.id for claim in TESTED}
    for claim in ESSAY.values():
        used = {name for one in claim.all_predictions() for name in (one.design, one.than)} - {None}
        assert used == set(claim.designs)
        assert claim.says.endswith((".", "not.")) and claim.section
        assert bool(claim.untestable) != bool(claim.predictions)


def test_results_tell_what_was_predicted_and_measured(essay: cq.Claims) -> None:
    """The frame has a row per claim in the essay's order, and the tables are cut from it."""
    frame = essay.frame
    columns = ["id", "claim", "section", "prediction", "measured", "verdict", "condition"]
    assert list(frame) == columns and list(frame["id"]) == list(ESSAY)
    assert (frame["condition"] != "").tolist() == (frame["verdict"] == CONDITION).tolist()
    assert len(essay.table()) == len(TESTED) and len(essay.not_tested()) == len(ESSAY) - len(TESTED)
    assert essay.counts()[FAILS] == 0 and essay.counts().sum() == len(ESSAY)
    why = essay.why("silence_tells_no_reason")
    assert why["prediction"][0] == '"silence": refused feedback below 1 %'
    assert why["measured"][0].startswith('"silence": refused feedback 0 (0 to 0.')
    assert "holds under a condition" in repr(essay) and "<table" in essay._repr_html_()
    with pytest.raises(cq.ResultError, match='no claim "silence_tells_reason"; did you mean'):
        essay.why("silence_tells_reason")


SOME = st.floats(-10, 10, allow_nan=False)


@given(st.tuples(SOME, SOME).map(sorted), st.floats(0.1, 5))
def test_a_prediction_is_judged_on_the_far_end_of_the_interval(ends: list[float], limit: float) -> None:
    """Shown and refuted exclude each other, turn with the prediction, and never hold of an interval with the limit."""
    low, high = ends
    known = Known((low + high) / 2, low, high)
    over, under = judged(above("x", "a", limit), known), judged(below("x", "a", limit), known)
    assert (over == "shown") == (low > limit) == (under == "refuted")
    assert (under == "shown") == (high < limit) == (over == "refuted")
    assert judged(alike("x", "a", "b", limit), known) == judged(alike("x", "a", "b", limit), Known(0, -high, -low))
    assert judged(above("x", "a", limit), Known(*[float("nan")] * 3)) == "not resolved"


@given(st.lists(st.sampled_from(["shown", "refuted", "not resolved"]), min_size=1))
def test_one_refuted_prediction_is_enough_and_all_must_be_shown(verdicts: list[str]) -> None:
    assert (one_verdict(verdicts) == "shown") == (set(verdicts) == {"shown"})
    assert (one_verdict(verdicts) == "refuted") == ("refuted" in verdicts)


TINY = cq.Scenario(cq.Clients(cq.Poisson(cq.per_second(20))), length=seconds(1))


def claim_of(*predictions: Any, **more_: Any) -> Claim:
    return Claim("mine", "Mine.", "nowhere", {"one": TINY, "other": TINY}, predictions, **more_)


def test_a_claim_of_ones_own_is_judged_and_what_is_not_resolved_says_so() -> None:
    """A limit within the interval decides nothing; two equal designs differ by less than anything."""
    open_ = claim_of(above("issued_per_s", "one", 20))
    assert cq.judge([open_], engine="simpy").verdict("mine") == "not resolved"
    assert cq.judge([claim_of(alike("answer_ms_mean", "one", "other", 0.1))], engine="simpy").verdict("mine") == HOLDS
    assert cq.judge([claim_of(more("issued_per_s", "one", "other", 1))], engine="simpy").verdict("mine") == FAILS


def test_a_claim_with_a_failed_run_is_not_resolved() -> None:
    """A run that breaks is told, and decides nothing."""

    def broken(state: Any, command: Any) -> tuple[()]:
        raise RuntimeError("no decision")

    rule = cq.Rule(broken, lambda state, event: state, 0)
    claim = replace(claim_of(below("loss_share", "one", 0.5)), designs={"one": TINY.with_(rule=rule), "other": TINY})
    found = cq.judge([claim])
    assert found.verdict("mine") == "not resolved" and len(found.errors) == 10 and "failed" in repr(found)
    assert found.checks.empty


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ({"claims": ["silence_tels_no_reason"]}, 'no claim "silence_tels_no_reason"; did you mean "silence_tells'),
        ({"claims": "syncing_can_fail"}, "must be a list of claims"),
        ({"claims": []}, "nothing to judge"),
        ({"claims": [7]}, "must be claims, or their ids"),
        ({"claims": ["syncing_can_fail"] * 2}, "is asked twice"),
        ({"claims": [claim_of()]}, "predicts nothing"),
        ({"claims": [claim_of(above("loss_share", "on", 0.1))]}, 'no design "on"; did you mean "one"'),
        ({"claims": [claim_of(above("los_share", "one", 0.1))]}, 'no metric "los_share"; did you mean "loss_share"'),
        ({"claims": [claim_of(above("loss_share", "one", 0))]}, "must be a number above 0"),
        ({"claims": [claim_of(above("loss_share", "one", 0.1), conditions=(Condition("x", ()),))]}, "does not say"),
        ({"replications": 9}, "at least 10"),
        ({"seed": -1}, "seed"),
        ({"confidence": 1}, "between 0 and 1"),
        ({"engine": "sympy"}, "did you mean"),
    ],
)
def test_what_cannot_be_judged_is_told_before_anything_runs(arguments: dict[str, Any], told: str) -> None:
    with pytest.raises(cq.ScenarioError, match=told):
        cq.judge(**arguments)
