"""What is compiled says what plain Python says."""

from pathlib import Path
from types import FunctionType

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from cqrsim import keeping
from cqrsim.engines import native

pytestmark = pytest.mark.skipif(not native.is_possible(), reason="Numba is not installed")

FAILED, A, B, SIDE, OUT = range(5)
FIRST_OUT = OUT


# --- a small program in the subset ---


def out(m, value):
    at = m[OUT]
    m[at] = value
    m[OUT] = at + 1


def noisy(m, value):
    m[SIDE] += 1
    return value


def arithmetic(m, a, b):
    out(m, a + b)
    out(m, a - b * 3)
    out(m, a // b)
    out(m, a % b)
    out(m, -a // b + -a % b)
    out(m, a >> 3)
    out(m, (a & 0xFF) << 4 | b & 1)
    out(m, min(a, b))
    out(m, max(a, b) if a != b else a)


def conditions(m, a, b):
    out(m, 0 <= a < b)
    out(m, a < 0 or noisy(m, b) > 0)
    out(m, a < 0 and noisy(m, b) > 0)
    out(m, not a and not b)
    out(m, a in (B, b, 7))
    out(m, 1 if a > b else 2 if a == b else 3)
    if a > 10:
        out(m, 10)
    elif a > 5:
        out(m, 5)
    else:
        out(m, 0)


def loops(m, a):
    total = count = 0
    for i in range(a % 7):
        if i == 2:
            continue
        total += i
        for j in range(i, 0, -1):
            total += j * noisy(m, 1)
            if j == 3:
                break
    for i in range(1, 20, 5):
        count += i
    while count > 0:
        count -= 3
        if count < 4:
            break
    a, total = total, a
    out(m, a)
    out(m, total)
    out(m, count)


def early(m, a):
    for i in range(10):
        if i == a:
            return i * 100
    return -1


def short(m, a):
    if a == 13:
        raise MemoryError
    out(m, a)


def whole(m):
    a, b = m[A], m[B]
    arithmetic(m, a, b)
    conditions(m, a, b)
    loops(m, abs_of(a))
    out(m, early(m, a))
    short(m, a)
    out(m, 77)
    m[m[OUT]] = m[m[OUT] + 1] = b
    return m[SIDE]


def abs_of(a):
    return a if a >= 0 else -a


PROGRAM: list[FunctionType] = [out, noisy, arithmetic, conditions, loops, early, short, abs_of, whole]  # type: ignore[list-item]


def memory(a: int, b: int) -> list[int]:
    return [0, a, b, 0, OUT + 1] + [0] * 60


@pytest.fixture(scope="module")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> native.Native:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NUMBA_CACHE_DIR", str(tmp_path_factory.mktemp("kept")))
        made = native.compiled(PROGRAM, globals(), FAILED, "test")
        assert keeping.is_kept("test")
        assert not keeping.is_kept("another")
        return made


@settings(max_examples=300)
@given(a=st.integers(-(10**12), 10**12) | st.integers(-20, 20), b=st.integers(-(10**6), 10**6) | st.integers(-9, 9))
@example(a=13, b=2)
@example(a=-7, b=2)
@example(a=7, b=-2)
def test_compiled_code_says_what_python_says(compiled: native.Native, a: int, b: int) -> None:
    """Rounding of negative numbers, order of evaluation, loops and early ends are Python's, and so is every cell."""
    b = b or 1
    plain, numbers = memory(a, b), np.array(memory(a, b), dtype=np.int64)
    said = compiled(numbers)
    try:
        expected = whole(plain)
    except MemoryError:
        expected, plain[FAILED] = -1, 1
    assert said == expected
    assert numbers.tolist() == plain


def test_short_memory_is_reached(compiled: native.Native) -> None:
    """What raises MemoryError in Python returns -1, and does nothing more."""
    numbers = np.array(memory(13, 2), dtype=np.int64)
    assert compiled(numbers) == -1
    assert numbers[FAILED] == 1
    assert 77 not in numbers


def test_what_was_compiled_is_fetched(compiled: native.Native, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A version that is on disk is not translated again."""
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path))
    native.compiled(PROGRAM, globals(), FAILED, "kept")
    monkeypatch.setattr(native, "Translation", None)
    again = native.compiled(PROGRAM, globals(), FAILED, "kept")
    assert again(np.array(memory(3, 2), dtype=np.int64)) == whole(memory(3, 2))
