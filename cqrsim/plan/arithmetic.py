"""Logarithm, exponential and normal quantile that give the same bits on every machine.

The elementary functions of C libraries and of vectorised NumPy differ in the last bit from one processor to the
next, and a last bit can move a rounded nanosecond.  Addition, multiplication, division and square root do not
differ (IEEE 754), so everything here is built from those.
"""

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

LN2_HIGH = 6.93147180369123816490e-01
LN2_LOW = 1.90821492927058770002e-10
"""ln 2 in two parts (fdlibm): a whole number times the first is exact."""


_HALF_SQRT_2 = np.float64(0.7071067811865476).view(np.int64)
"""The bits of the lower border of the fractions whose logarithm the series is for; twice it is the upper."""


def log(x: Floats) -> Floats:
    """Natural logarithm of positive numbers (above 1e-307), within three units of the last place.

    >>> float(log(np.array([1.0]))[0])
    0.0
    """
    # x = fraction * 2^doublings, read off the bits: the exponent stands above the 52 bits of the fraction.
    bits = np.asarray(x, dtype=np.float64).view(np.int64)
    whole = bits - _HALF_SQRT_2
    whole >>= 52
    doublings = whole.astype(np.float64)
    whole <<= 52
    np.subtract(bits, whole, out=whole)
    fraction = whole.view(np.float64)
    # From here on every array is written over once it is not needed any more: fresh memory takes longer than sums.
    ratio = fraction - 1.0
    fraction += 1.0
    ratio /= fraction
    square = np.multiply(ratio, ratio, out=fraction)
    series = square * (1.0 / 23.0)
    for odd in range(21, 1, -2):
        series += 1.0 / odd
        series *= square
    series += 1.0
    ratio *= 2.0
    ratio *= series
    ratio += np.multiply(doublings, LN2_LOW, out=series)
    doublings *= LN2_HIGH
    doublings += ratio
    return doublings


def exp(x: Floats) -> Floats:
    """The number e to the power of x, for |x| below 700, within two units of the last place.

    >>> float(exp(np.array([0.0]))[0])
    1.0
    """
    doublings = np.rint(x / 0.6931471805599453)
    rest = (x - doublings * LN2_HIGH) - doublings * LN2_LOW
    series, part = np.ones_like(rest), np.empty_like(rest)
    for n in range(14, 0, -1):
        series *= np.divide(rest, n, out=part)
        series += 1.0
    result: Floats = np.ldexp(series, doublings.astype(np.int64))
    return result


def _polynomial(coefficients: tuple[float, ...], r: Floats) -> Floats:
    result = r * coefficients[0]
    for coefficient in coefficients[1:-1]:
        result += coefficient
        result *= r
    result += coefficients[-1]
    return result


def _rational(numerator: tuple[float, ...], denominator: tuple[float, ...], r: Floats) -> Floats:
    result = _polynomial(numerator, r)
    result /= _polynomial(denominator, r)
    return result


def normal_quantile(p: Floats) -> Floats:
    """The standard normal value below which a share p lies, 0 < p < 1 (Wichura 1988, algorithm AS 241, PPND16).

    >>> [round(float(z), 6) for z in normal_quantile(np.array([0.5, 0.99]))]
    [0.0, 2.326348]
    """
    q = p - 0.5
    r = 0.180625 - q * q
    outside = np.flatnonzero(np.abs(q) > 0.425)
    r[outside] = 0.0
    result = _rational(_CENTRAL_TOP, _CENTRAL_BOTTOM, r)
    result *= q
    result[outside] = _tail_quantile(p[outside])
    return result


def _tail_quantile(p: Floats) -> Floats:
    """Where p is below 0.075 or above 0.925."""
    low = p < 0.5
    r = np.sqrt(-log(np.where(low, p, 1.0 - p)))
    result = _rational(_NEAR_TOP, _NEAR_BOTTOM, r - 1.6)
    far = np.flatnonzero(r > 5.0)
    result[far] = _rational(_FAR_TOP, _FAR_BOTTOM, r[far] - 5.0)
    return np.where(low, -result, result)


_CENTRAL_TOP = (
    2509.0809287301226727, 33430.575583588128105, 67265.770927008700853, 45921.953931549871457,
    13731.693765509461125, 1971.5909503065514427, 133.14166789178437745, 3.387132872796366608,
)  # fmt: skip
_CENTRAL_BOTTOM = (
    5226.495278852545925, 28729.085735721942674, 39307.89580009271061, 21213.794301586595867,
    5394.1960214247511077, 687.1870074920579083, 42.313330701600911252, 1.0,
)  # fmt: skip
_NEAR_TOP = (
    7.7454501427834140764e-4, 0.0227238449892691845833, 0.24178072517745061177, 1.27045825245236838258,
    3.64784832476320460504, 5.7694972214606914055, 4.6303378461565452959, 1.42343711074968357734,
)  # fmt: skip
_NEAR_BOTTOM = (
    1.05075007164441684324e-9, 5.475938084995344946e-4, 0.0151986665636164571966, 0.14810397642748007459,
    0.68976733498510000455, 1.6763848301838038494, 2.05319162663775882187, 1.0,
)  # fmt: skip
_FAR_TOP = (
    2.01033439929228813265e-7, 2.71155556874348757815e-5, 0.0012426609473880784386, 0.026532189526576123093,
    0.29656057182850489123, 1.7848265399172913358, 5.4637849111641143699, 6.6579046435011037772,
)  # fmt: skip
_FAR_BOTTOM = (
    2.04426310338993978564e-15, 1.4215117583164458887e-7, 1.8463183175100546818e-5, 7.868691311456132591e-4,
    0.0148753612908506148525, 0.13692988092273580531, 0.59983220655588793769, 1.0,
)  # fmt: skip
