"""Which claims somebody asks about, and whether they can be tested at all: all mistakes before anything runs."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator

from cqrsim.errors import Problem, ScenarioError, did_you_mean
from cqrsim.experiments.answers.estimates import metrics_of
from cqrsim.scenario import Scenario, presets
from cqrsim.scenario.claims import Claim, Prediction


def claims_asked(asked: Iterable[Claim | str] | None) -> tuple[Claim, ...]:
    """The claims that were asked for, those of the essay if none were; ScenarioError with all that is wrong with them.

    >>> [claim.id for claim in claims_asked(["syncing_can_fail"])]
    ['syncing_can_fail']
    >>> claims_asked(["syncing_cant_fail"])
    Traceback (most recent call last):
    cqrsim.errors.ScenarioError: claims: no claim "syncing_cant_fail"; did you mean "syncing_can_fail"?
    """
    essay = presets.claims()
    if asked is None:
        return essay
    if isinstance(asked, str) or not isinstance(asked, Iterable):
        raise ScenarioError((Problem("claims", asked, "must be a list of claims, or of their ids"),))
    by_id = {claim.id: claim for claim in essay}
    found = [by_id.get(one, one) if isinstance(one, str) else one for one in asked]
    wrong = [_stranger(one, by_id) for one in found if not isinstance(one, Claim)]
    claims = [one for one in found if isinstance(one, Claim)]
    wrong += [problem for claim in claims for problem in _mistakes(claim)]
    ids = [claim.id for claim in claims]
    wrong += [Problem("claims", one, "is asked twice") for one in dict.fromkeys(ids) if ids.count(one) > 1]
    if not found:
        wrong.append(Problem("claims", None, "there is nothing to judge"))
    if wrong:
        raise ScenarioError(wrong)
    return tuple(claims)


def _stranger(one: object, known: Iterable[str]) -> Problem:
    if isinstance(one, str):
        hint = did_you_mean(one, known) or "cq.presets.claims() has them all"
        return Problem("claims", None, f'no claim "{one}"', hint)
    return Problem("claims", one, "must be claims, or their ids")


def _mistakes(claim: Claim) -> Iterator[Problem]:
    where = f'claims."{claim.id}"'
    if not claim.is_testable:
        return
    if not claim.predictions:
        yield Problem(where, None, "predicts nothing", "give it predictions, or say why it is untestable")
    for condition in claim.conditions:
        if not condition.without:
            yield Problem(where, condition.says, "has a condition, and does not say what is seen without it")
    strangers = {name: one for name, one in claim.designs.items() if not isinstance(one, Scenario)}
    for name, stranger in strangers.items():
        yield Problem(f"{where}.designs", stranger, f'"{name}" must be a scenario')
    metrics = metrics_of([one for one in claim.designs.values() if isinstance(one, Scenario)][:1] or [presets.blog()])
    for prediction in claim.all_predictions():
        yield from _of_prediction(where, prediction, list(claim.designs), list(metrics))


def _of_prediction(where: str, prediction: Prediction, designs: list[str], metrics: list[str]) -> Iterator[Problem]:
    for name in (prediction.design, prediction.than):
        if name is not None and name not in designs:
            yield Problem(where, None, f'no design "{name}"', did_you_mean(name, designs))
    if prediction.metric not in metrics:
        yield Problem(where, None, f'no metric "{prediction.metric}"', did_you_mean(prediction.metric, metrics))
    if not (prediction.limit > 0 and math.isfinite(prediction.limit)):
        yield Problem(f"{where}.limit", prediction.limit, "must be a number above 0")
