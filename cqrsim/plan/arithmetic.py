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


def log(x: Floats) -> Floats:
    """Natural logarithm of positive numbers, within two units of the last place.

    >>> float(log(np.array([1.0]))[0])
    0.0
    """
    mantissa, exponent = np.frexp(x)
    small = mantissa < 0.7071067811865476
    mantissa = np.where(small, mantissa * 2.0, mantissa)
    exponent = exponent - small
    ratio = (mantissa - 1.0) / (mantissa + 1.0)
    square = ratio * ratio
    series = np.full_like(ratio, 1.0 / 23.0)
    for odd in range(21, 0, -2):
        series *= square
        series += 1.0 / odd
    result: Floats = exponent * LN2_HIGH + (2.0 * ratio * series + exponent * LN2_LOW)
    return result


def exp(x: Floats) -> Floats:
    """The number e to the power of x, for |x| below 700, within two units of the last place.

    >>> float(exp(np.array([0.0]))[0])
    1.0
    """
    doublings = np.rint(x / 0.6931471805599453)
    rest = (x - doublings * LN2_HIGH) - doublings * LN2_LOW
    series = np.ones_like(rest)
    for n in range(14, 0, -1):
        series *= rest / n
        series += 1.0
    result: Floats = np.ldexp(series, doublings.astype(np.int64))
    return result


def _rational(numerator: tuple[float, ...], denominator: tuple[float, ...], r: Floats) -> Floats:
    result: Floats = np.polyval(numerator, r) / np.polyval(denominator, r)
    return result


def normal_quantile(p: Floats) -> Floats:
    """The standard normal value below which a share p lies, 0 < p < 1 (Wichura 1988, algorithm AS 241, PPND16).

    >>> [round(float(z), 6) for z in normal_quantile(np.array([0.5, 0.99]))]
    [0.0, 2.326348]
    """
    q = p - 0.5
    central = np.abs(q) <= 0.425
    r_central = np.where(central, 0.180625 - q * q, 0.0)
    tail = np.where(central, 0.5, np.where(q < 0.0, p, 1.0 - p))
    r_tail = np.sqrt(-log(tail))
    near = _rational(_NEAR_TOP, _NEAR_BOTTOM, r_tail - 1.6)
    far = _rational(_FAR_TOP, _FAR_BOTTOM, r_tail - 5.0)
    outside = np.where(q < 0.0, -1.0, 1.0) * np.where(r_tail <= 5.0, near, far)
    result: Floats = np.where(central, q * _rational(_CENTRAL_TOP, _CENTRAL_BOTTOM, r_central), outside)
    return result


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
