"""Units: exact texts, arithmetic that keeps the unit, and plain words about wrong ones."""

import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cqrsim.errors import UnitError
from cqrsim.units import (
    Duration,
    Rate,
    Size,
    bytes_,
    days,
    gb,
    gib,
    hours,
    kb,
    kib,
    mb,
    mib,
    minutes,
    ms,
    ns,
    parse_duration,
    parse_rate,
    parse_size,
    per_hour,
    per_minute,
    per_second,
    seconds,
    us,
)

durations = st.integers(0, 2**63 - 1).map(Duration)
sizes = st.integers(0, 2**63 - 1).map(Size)
rates = st.floats(0, 1e12, allow_subnormal=False).map(Rate)


@given(durations)
def test_a_duration_reads_back_from_its_text(value):
    assert parse_duration(str(value)) == value


@given(sizes)
def test_a_size_reads_back_from_its_text(value):
    assert parse_size(str(value)) == value


@given(rates)
def test_a_rate_reads_back_from_its_text(value):
    assert parse_rate(str(value)) == value


@given(st.one_of(durations, sizes, rates))
def test_a_repr_is_code_that_makes_the_same_value(value):
    again = eval(repr(value))
    assert again == value
    assert type(again) is type(value)


@given(st.one_of(durations, sizes, rates))
def test_units_survive_pickling(value):
    again = pickle.loads(pickle.dumps(value))
    assert again == value
    assert type(again) is type(value)


@pytest.mark.parametrize(
    ("made", "count"),
    [
        (ns(5), 5), (us(1.5), 1_500), (ms(1.5), 1_500_000), (seconds(0.1), 100_000_000), (minutes(1), 60 * 10**9),
        (hours(2), 7200 * 10**9), (days(1), 86_400 * 10**9), (ns(0.4), 0), (ns(0.5), 1), (ms(np.int64(2)), 2_000_000),
        (ms(np.float32(0.5)), 500_000), (bytes_(7), 7), (kb(2), 2_000), (mb(1), 10**6), (gb(1), 10**9),
        (kib(1.5), 1536), (mib(1), 2**20), (gib(1), 2**30),
    ],
)  # fmt: skip
def test_constructors_count_the_smallest_unit(made, count):
    assert int(made) == count


def test_rates_count_per_second():
    assert float(per_second(200)) == 200.0
    assert float(per_minute(12)) == 0.2
    assert float(per_hour(3600)) == 1.0


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1.5ms", ms(1.5)), ("5s", seconds(5)), (" 2 min ", minutes(2)), ("1e3us", ms(1)), ("3µs", us(3)),
        ("0s", ns(0)), ("0.1s", ms(100)), ("1d", hours(24)),
    ],
)  # fmt: skip
def test_durations_are_read_exactly(text, value):
    assert parse_duration(text) == value


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (ms(1.5), "1.5ms"), (seconds(60), "1min"), (seconds(90), "90s"), (ns(0), "0s"),
        (us(1234.567), "1.234567ms"), (kib(4), "4KiB"), (bytes_(400), "400B"), (gb(50), "50GB"),
        (bytes_(0), "0B"), (per_second(200), "200/s"),
        (per_minute(1), "1/min"), (per_hour(1), "1/h"),
    ],
)  # fmt: skip
def test_texts_are_what_people_write(value, text):
    assert str(value) == text
    assert f"{value}" == text
    assert f"{value:>9}" == text.rjust(9)


def test_arithmetic_keeps_the_unit():
    assert repr(ms(1) + us(500)) == "ms(1.5)"
    assert repr(sum([ms(1), ms(2)])) == "ms(3)"
    assert repr(2 * ms(1.5)) == repr(ms(1.5) * 2) == "ms(3)"
    assert repr(ms(3) - ms(1)) == "ms(2)"
    assert repr(seconds(1) / 4) == "ms(250)"
    assert repr(seconds(1) / 3) == "ms(333.333333)"
    assert seconds(1) / ms(250) == 4.0
    assert repr(per_second(10) * 2) == "per_second(20)"
    assert per_second(200) * seconds(5) == seconds(5) * per_second(200) == 1000.0
    assert repr(kib(1) + kib(3)) == "kib(4)"


def test_a_difference_below_nothing_is_refused():
    with pytest.raises(UnitError, match="cannot be negative: 1ms - 2ms"):
        ms(1) - ms(2)


def test_units_do_not_mix():
    with pytest.raises(TypeError):
        ms(1) * ms(1)
    with pytest.raises(TypeError):
        ms(1) + kib(1)
    assert type(ms(1) + 5) is type(5 + ms(1)) is int  # with plain numbers they are plain numbers


@pytest.mark.parametrize("make", [ms, seconds, per_second, kib, bytes_, per_minute])
@pytest.mark.parametrize("number", [-1, float("nan"), float("inf"), -float("inf"), True, "5", None, ms(1)])
def test_constructors_refuse_what_is_no_plain_finite_number(make, number):
    with pytest.raises(UnitError):
        make(number)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("5", 'a duration needs a unit: write "5s", or seconds(5)'),
        ("5sec", '"sec" is not a unit of time here; did you mean "5s"?'),
        ("5m", 'did you mean "5min"?'),
        ("5 MS", 'did you mean "5ms"?'),
        ("5KiB", '"KiB" is not a unit of time; use ns, us, ms, s, min, h or d'),
        ("-5ms", "cannot be negative"),
        ("soon", "not a duration"),
        ("", "not a duration"),
        ("1m30s", "is not a unit of time"),
        ("1e99s", "too large"),
        ("1e999999999999s", "too large"),
        ("300000d", "too large"),
    ],
)
def test_wrong_durations_are_explained(text, words):
    with pytest.raises(UnitError) as caught:
        parse_duration(text)
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("parse", "text", "words"),
    [
        (parse_rate, "200", "a rate needs a unit"),
        (parse_rate, "200/sec", 'did you mean "200/s"?'),
        (parse_rate, "200Hz", 'did you mean "200/s"?'),
        (parse_rate, "200 per second", 'did you mean "200/s"?'),
        (parse_rate, "1e400/s", "finite"),
        (parse_size, "4", "a size needs a unit"),
        (parse_size, "4kb", 'did you mean "4kB"?'),
        (parse_size, "4K", 'did you mean "4kB"?'),
        (parse_size, "4ms", "is not a unit of size"),
    ],
)
def test_wrong_rates_and_sizes_are_explained(parse, text, words):
    with pytest.raises(UnitError) as caught:
        parse(text)
    assert words in str(caught.value)
