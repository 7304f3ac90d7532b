"""Expectations of a comparison: how they are read, how they are judged, and what the command line makes of them."""

import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as some

import cqrsim as cq
from cqrsim.cli import main
from cqrsim.experiments.answers.estimates import Metric
from cqrsim.experiments.answers.expectations import (
    FAILS,
    HOLDS,
    NOT_SHOWN,
    Expectation,
    all_hold,
    checks_text,
    expectations,
)
from cqrsim.metrics.intervals import mean_interval

BLOG = cq.presets.blog().with_(length="1s", warm_up="0s")
FEEDBACK = Metric("feedback_ms_p99", "feedback_ms", "p99", "ms")
NUMBERS = some.floats(-1e6, 1e6)


def expected(text: str) -> Expectation:
    """One expectation of two designs called "wait" and "a: b"."""
    (only,) = expectations([text], ["wait", "a: b"], [BLOG])
    return only


@pytest.fixture(scope="module")
def answers() -> cq.Comparison:
    """A fast design, and one in which too few are told in time for the 99 % quantile to be known."""
    designs = {"wait": BLOG, "silence": BLOG.with_(feedback=cq.Silence(reload=cq.seconds(2)))}
    return cq.compare(designs, replications=3, engine="simpy")


class TestReading:
    """Texts become expectations, or clear errors."""

    @pytest.mark.parametrize(
        ("text", "limit"),
        [
            ("feedback_ms_p99 < 50", 50.0),
            ("feedback_ms_p99<50ms", 50.0),
            ("feedback_ms_p99 <= 0.05 s", 50.0),
            ("feedback_ms_p99 > 300us", 0.3),
            ("feedback_share >= 99.5%", 0.995),
            ("feedback_share >= 0.995", 0.995),
            ("silent_failure_share < 1e-3", 0.001),
            ("store_bytes_end < 50 bytes", 50.0),
        ],
    )
    def test_units_are_those_of_the_metric(self, text: str, limit: float) -> None:
        assert expected(text).limit == pytest.approx(limit)

    @pytest.mark.parametrize(("sign", "upper"), [("<", True), ("<=", True), (">", False), (">=", False)])
    def test_all_signs(self, sign: str, upper: bool) -> None:
        read = expected(f"feedback_share {sign} 0.5")
        assert read.sign == sign and read.is_upper is upper and read.design is None

    def test_a_design_may_be_named_even_one_with_a_colon(self) -> None:
        assert expected("wait: feedback_share > 0.5").design == "wait"
        assert expected("a: b: feedback_share > 0.5").design == "a: b"

    @pytest.mark.parametrize(
        ("text", "told"),
        [
            ("feedback_ms_p99", "is no comparison of a metric with a number"),
            ("feedback_ms_p99 = 50", "is no comparison of a metric with a number"),
            ("feedback_ms_p99 < fast", "is no comparison of a metric with a number"),
            ("feedback_ms_p99 < 50 ms too", "is no comparison of a metric with a number"),
            ("", "is no comparison of a metric with a number"),
            ("feedbak_ms_p99 < 50", 'did you mean "feedback_ms_p99"?'),
            ("wiat: feedback_ms_p99 < 50", 'no design "wiat"; did you mean "wait"?'),
            ("feedback_ms_p99 < 50 kg", '"kg" is no unit of feedback_ms_p99: write a unit of time, such as "ms"'),
            ("feedback_ms_p99 < 50%", '"%" is no unit of feedback_ms_p99'),
            ("feedback_share > 5 ms", 'write "%", or none for a fraction'),
        ],
    )
    def test_a_mistake_is_told_with_what_is_allowed(self, text: str, told: str) -> None:
        with pytest.raises(cq.ResultError) as error:
            expected(text)
        assert f'check "{text}": ' in str(error.value) and told in str(error.value)

    def test_all_mistakes_are_told_at_once(self) -> None:
        with pytest.raises(cq.ResultError) as error:
            expectations(["nothing", "wiat: feedbak_share < 1"], ["wait"], [BLOG])
        for part in ('check "nothing"', 'no design "wiat"', 'no metric "feedbak_share"'):
            assert part in str(error.value)


class TestJudging:
    """An expectation holds only if the whole interval does."""

    @given(low=NUMBERS, width=some.floats(0, 1e6), limit=NUMBERS, sign=some.sampled_from(["<", "<=", ">", ">="]))
    def test_it_holds_where_all_of_the_interval_does_and_fails_where_none_of_it_does(
        self, low: float, width: float, limit: float, sign: str
    ) -> None:
        """The verdict is that of both ends together: holds if both are allowed, fails if neither is."""
        asked = Expectation("", None, FEEDBACK, sign, limit)
        ends = {asked.allows(low), asked.allows(low + width)}
        meaning = {HOLDS: {True}, FAILS: {False}, NOT_SHOWN: {True, False}}
        assert ends == meaning[asked.verdict(low, low + width)]

    def test_it_rarely_holds_where_the_truth_lies_on_the_wrong_side(self) -> None:
        """With the truth on the limit, a check holds by luck no more often than half of what the interval misses."""
        asked = Expectation("", None, FEEDBACK, "<", 0.0)
        samples = np.random.default_rng(7).normal(size=(2000, 10))
        held = sum(asked.verdict(*mean_interval(sample)[1:]) == HOLDS for sample in samples)
        assert held / 2000 < 0.025 + 4 * math.sqrt(0.025 * 0.975 / 2000)

    def test_what_is_only_a_lower_bound_fails_from_above_and_is_not_shown_from_below(
        self, answers: cq.Comparison
    ) -> None:
        rows = answers.check("silence: feedback_ms_p99 < 1e9", "silence: feedback_ms_p99 > 1")
        assert rows["verdict"].tolist() == [FAILS, NOT_SHOWN]
        assert rows["because"].str.startswith("known only to lie beyond 5,000").all()

    def test_without_a_design_all_of_them_are_judged(self, answers: cq.Comparison) -> None:
        rows = answers.check("feedback_ms_p50 < 1s", "wait: feedback_ms_p50 < 1s")
        assert rows["design"].tolist() == ["wait", "silence", "wait"]
        assert rows["verdict"].tolist() == [HOLDS, FAILS, HOLDS] and not all_hold(rows)

    def test_none_seen_is_no_proof_that_there_is_none(self, answers: cq.Comparison) -> None:
        """Zero of n shows only that the share is below about 3 in n."""
        rows = answers.check("wait: silent_failure_share < 0.0001", "wait: silent_failure_share < 0.01")
        assert rows["value"].tolist() == [0.0, 0.0] and rows["verdict"].tolist() == [NOT_SHOWN, HOLDS]

    def test_a_wait_in_a_design_that_cannot_keep_up_is_never_short_enough(self) -> None:
        """Its mean grows with the length of the run, so that no limit from above can be promised."""
        slow = BLOG.with_({"disk.write": cq.ms(10)})
        answers = cq.compare({"slow": slow}, replications=2, engine="simpy")
        assert answers.unstable["design"].tolist() == ["slow"]
        rows = answers.check("durability_ms_p50 < 1e9", "durability_ms_p50 > 0.01", "feedback_share >= 0")
        assert rows["verdict"].tolist() == [FAILS, NOT_SHOWN, HOLDS]
        assert rows["because"].str.startswith("the backlog still grows").tolist() == [True, True, False]

    def test_one_replication_shows_nothing(self) -> None:
        rows = cq.compare({"wait": BLOG}, replications=1, engine="simpy").check("feedback_ms_p50 < 1e6")
        assert rows.loc[0, ["verdict", "because"]].tolist() == [NOT_SHOWN, "one run has no interval"]

    def test_a_metric_that_never_happened_shows_nothing(self) -> None:
        nobody = BLOG.with_({"clients.arrivals": cq.Regular(cq.seconds(100), start=cq.seconds(100))})
        rows = cq.compare({"wait": nobody}, replications=2, engine="simpy").check("feedback_ms_p50 < 1e6")
        assert rows.loc[0, ["verdict", "because"]].tolist() == [NOT_SHOWN, "there is no value"]
        assert checks_text(rows)

    def test_something_must_be_expected(self, answers: cq.Comparison) -> None:
        with pytest.raises(cq.ResultError, match="nothing is expected"):
            answers.check()


class TestCommandLine:
    """``cqrsim compare --check``: the exit code is the answer."""

    @pytest.fixture
    def file(self, tmp_path: Path) -> Path:
        BLOG.save(tmp_path / "blog.toml")
        return tmp_path / "blog.toml"

    @staticmethod
    def code(*arguments: object) -> int:
        with pytest.raises(SystemExit) as ended:
            main(["compare", *map(str, arguments), "--replications", "3", "--engine", "simpy"])
        return int(ended.value.code or 0)

    def test_0_when_all_hold(self, file: Path, capsys: pytest.CaptureFixture[str]) -> None:
        assert self.code(file, "--check", "feedback_ms_p50 < 50", "--check", "blog: feedback_share > 90%") == 0
        told = capsys.readouterr().out
        assert told.count("holds") == 2 and "blog: feedback_share > 90%" in told

    def test_1_when_one_fails(self, file: Path, capsys: pytest.CaptureFixture[str]) -> None:
        assert self.code(file, "--check", "feedback_ms_p50 < 50", "--check", "feedback_ms_p50 < 0.01") == 1
        told = capsys.readouterr()
        assert told.out.count("holds") == 1 and told.out.count("fails") == 1 and not told.err

    @pytest.mark.parametrize("check", ["feedbak_ms_p50 < 50", "wait: feedback_ms_p50 < 50", "feedback_ms_p50"])
    def test_2_for_a_mistake_before_anything_runs(
        self, file: Path, check: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        monkeypatch.setattr("cqrsim.engines.choosing.run", None)
        assert self.code(file, "--check", check) == 2
        assert f'cqrsim: check "{check}": ' in capsys.readouterr().err
