"""Feedback and handler state, lowered to answers and numbers."""

import numpy as np

from cqrsim.plan.answers import AnswerAt, FoldOn, OnDoubt, Save, WaitFor
from cqrsim.plan.arithmetic import exp, log
from cqrsim.plan.draws import Column, Draws, Ints
from cqrsim.plan.marks import Population
from cqrsim.plan.parts import ClosedPlan, FeedbackPlan, GroupPlan, OwnReadPlan, RetryPlan, Schedule, StatePlan
from cqrsim.scenario.arrivals import Closed
from cqrsim.scenario.clients import OwnReads, Retries
from cqrsim.scenario.distributions import Constant
from cqrsim.scenario.feedback import FeedbackAnswers, Polling
from cqrsim.scenario.scenario import Scenario
from cqrsim.scenario.state import AnyState
from cqrsim.units import Duration

_NO_TIME = Constant(Duration(0))


def _ns(duration: Duration | None) -> int:
    return -1 if duration is None else int(duration)


def lower_state(state: AnyState, draws: Draws) -> StatePlan:
    """The four questions about handler state, answered."""
    answers = state.answers()
    return StatePlan(
        save=Save[answers.save.upper()],
        save_time=draws.durations("save", answers.save_time if answers.save_time is not None else _NO_TIME),
        fold_on=FoldOn[answers.fold_on.upper()],
        wait_for=WaitFor[answers.wait_for.upper()],
        give_up_ns=_ns(answers.give_up_after),
        on_doubt=OnDoubt[answers.on_doubt.upper()],
        catch_up=answers.catch_up,
        reconcile_every_ns=_ns(answers.reconcile_every),
        reconcile_finds=None if answers.reconcile_finds >= 1 else _marks(draws, answers.reconcile_finds),
        load=answers.load,
        expect_version=answers.expect_version,
        conflict_retries=answers.conflict_retries,
    )


def _marks(draws: Draws, share: float) -> Column:
    """Which reconciliations notice what is wrong."""
    found = draws.marks("reconcile", share)
    return found if found is not None else draws.constant(0)


def lower_feedback(answers: FeedbackAnswers, views: tuple[str, ...], end_ns: int) -> FeedbackPlan:
    """The five questions about feedback, answered."""
    applied_in = tuple(views.index(name) for name in answers.applied_in) or tuple(range(len(views)))
    return FeedbackPlan(
        answer_at=AnswerAt[answers.answer_at.upper()],
        applied_in=applied_in,
        wait_at_most_ns=_ns(answers.wait_at_most),
        event_push=answers.event_push,
        event_poll=_schedule(answers.event_poll, end_ns),
        read_model=_schedule(answers.read_model, end_ns),
        read_model_of=0 if answers.read_model_of is None else views.index(answers.read_model_of),
        error_events=answers.error_events,
        error_cache=answers.error_cache,
        cache_poll=_schedule(answers.cache_poll, end_ns),
        keep_for_ns=_ns(answers.keep_for),
        cache_at_most=-1 if answers.cache_at_most is None else answers.cache_at_most,
        client_makes_id=answers.command_id != "handler",
        presume_after_ns=_ns(answers.presume_failure_after),
    )


def _schedule(polling: Polling | None, end_ns: int) -> Schedule | None:
    """Gaps up to where they stop growing, or pass the end of the run."""
    if polling is None:
        return None
    cap = end_ns if polling.cap is None else int(polling.cap)
    gaps = [min(int(polling.first), cap)]
    while polling.factor > 1.0 and gaps[-1] < cap:
        gaps.append(min(max(round(gaps[-1] * polling.factor), gaps[-1] + 1), cap))
    return Schedule(tuple(gaps), -1 if polling.at_most is None else polling.at_most)


def lower_group(scenario: Scenario, position: int, population: Population, end_ns: int) -> GroupPlan:
    """One group of clients: its commands, its patience, its feedback."""
    group, draws = scenario.groups[position], population.draws
    views = tuple(view.name for view in scenario.views)
    commands = draws.blocks[position].commands
    feedback = group.feedback if group.feedback is not None else scenario.feedback
    pre_validation = group.pre_validation
    return GroupPlan(
        name=group.name,
        commands=commands,
        closed=_closed(group.arrivals, population.think[position]) if isinstance(group.arrivals, Closed) else None,
        feedback=lower_feedback(feedback.answers(), views, end_ns),
        patience_ns=_ns(group.patience),
        retries=None if group.retries is None else _retries(group.retries, draws, group.name),
        pre_validation=None if pre_validation is None else draws.durations("pre-validate", pre_validation.cost),
        own_reads=None if group.own_reads is None else _own_reads(group.own_reads, draws, views),
    )


def _closed(closed: Closed, think: Ints) -> ClosedPlan:
    return ClosedPlan(
        clients=closed.clients,
        pace_ns=_ns(closed.pace),
        waits_for_outcome=closed.waits_for == "outcome",
        think_ns=think,
    )


def _retries(retries: Retries, draws: Draws, group: str) -> RetryPlan:
    """Back-off before attempt n: first * factor^(n-1), capped, stretched by up to ``jitter``."""

    def gap(attempt: int) -> float:
        growth = float(exp(log(np.array([retries.factor])) * (attempt - 1))[0]) if attempt > 1 else 1.0
        cap = float("inf") if retries.cap is None else float(retries.cap)
        return min(float(retries.first) * growth, cap)

    def backoff(attempt: int) -> Ints:
        if retries.jitter == 0.0:
            return np.broadcast_to(np.int64(np.rint(gap(attempt))), draws.count)
        shortest, luck = gap(attempt), draws.uniform(f"back-off {group}", attempt)
        return luck.turned(lambda uniform: np.rint(shortest * (1.0 + retries.jitter * uniform)))

    never_changes = retries.jitter == 0.0 and retries.factor == 1.0
    return RetryPlan(
        at_most=retries.at_most,
        backoff=draws.constant(round(gap(1))) if never_changes else Column(backoff),
        same_id=retries.same_id,
        after_timeout="timeout" in retries.after,
        after_failure="failure" in retries.after,
    )


def _own_reads(reads: OwnReads, draws: Draws, views: tuple[str, ...]) -> OwnReadPlan:
    of = tuple(views.index(name) for name in reads.of) or (0,)

    def choice(number: int) -> Ints:
        return draws.uniform("own read of", number).turned(lambda uniform: uniform * len(of))

    return OwnReadPlan(
        count=reads.count,
        after=draws.durations("own read", reads.after),
        gap=draws.durations("own read gap", reads.gap),
        of=of,
        choice=draws.constant(0) if len(of) == 1 else Column(choice),
    )
