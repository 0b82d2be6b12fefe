"""Functions that count and calculate (ODK XForms, "Number Functions"), with the results that Java's Math gives."""

import math
from collections.abc import Callable
from fractions import Fraction
from typing import Any

from app.flows.xpath.functions.values import flat, number_of, truth_of, whole_of

_MOST_DIGITS = 30


def round_(_: Any, value: Any, digits: Any = 0.0) -> float:
    """`round()`: halves go up, of the number as it is written, for 2.345 * 100 is not 234.5 in floating point."""
    number, places = number_of(value), whole_of(digits)
    if not math.isfinite(number):
        return number
    if abs(places) > _MOST_DIGITS:
        return math.nan
    scale = Fraction(10) ** places
    return float(math.floor(Fraction(repr(number)) * scale + Fraction(1, 2)) / scale)


def int_(_: Any, value: Any) -> float:
    """`int()`: the number without its fraction."""
    number = number_of(value)
    return float(math.trunc(number)) if math.isfinite(number) else number


def pow_(_: Any, base: Any, power: Any) -> float:
    """`pow()`: with Java's answers where Python would raise."""
    one, other = number_of(base), number_of(power)
    try:
        return math.pow(one, other)
    except OverflowError:
        return -math.inf if one < 0 and other % 2 == 1 else math.inf
    except ValueError:  # 0 to a negative power, or a root of a negative number
        return math.inf if one == 0 else math.nan


def exp10(_: Any, power: Any) -> float:
    """`exp10()`: ten to that power."""
    return pow_(None, 10.0, power)


def log(_: Any, value: Any) -> float:
    """`log()`: the natural logarithm."""
    return _logarithm(math.log, number_of(value))


def log10(_: Any, value: Any) -> float:
    """`log10()`: the logarithm to base 10."""
    return _logarithm(math.log10, number_of(value))


def _logarithm(work_out: Callable[[float], float], number: float) -> float:
    return work_out(number) if number > 0 else -math.inf if number == 0 else math.nan


def of_one(work_out: Callable[[float], float]) -> Callable[[Any, Any], float]:
    """A function of one number; NaN where it has no value, infinite where that is too large."""

    def function(_: Any, value: Any) -> float:
        try:
            return float(work_out(number_of(value)))
        except OverflowError:
            return math.inf
        except ValueError:
            return math.nan

    return function


def atan2(_: Any, y: Any, x: Any) -> float:
    """`atan2()`: the angle of a point seen from 0."""
    return math.atan2(number_of(y), number_of(x))


def least(_: Any, *values: Any) -> float:
    """`min()`: of the values that are numbers; NaN if there are none."""
    return min(_numbers(values), default=math.nan)


def most(_: Any, *values: Any) -> float:
    """`max()`: of the values that are numbers; NaN if there are none."""
    return max(_numbers(values), default=math.nan)


def total(_: Any, nodes: Any) -> float:
    """`sum()`: of the nodes that are numbers; an empty one adds nothing."""
    return sum(_numbers([nodes]), 0.0)


def _numbers(values: Any) -> list[float]:
    return [number for item in flat(values) if not math.isnan(number := number_of(item))]


def checklist(_: Any, least_: Any, most_: Any, *factors: Any) -> bool:
    """`checklist()`: whether the number of true factors is between two; -1 stands for no limit."""
    count = sum(map(_holds, flat(factors)))
    low, high = whole_of(least_), whole_of(most_)
    return (low < 0 or count >= low) and (high < 0 or count <= high)


def weighted_checklist(_: Any, least_: Any, most_: Any, *pairs: Any) -> bool:
    """`weighted-checklist()`: whether the weights of the true factors add up to something between two numbers."""
    factors, weights = flat(pairs[::2]), flat(pairs[1::2])
    if len(factors) != len(weights):
        return False
    weight = sum(number_of(each) for factor, each in zip(factors, weights, strict=True) if _holds(factor))
    return number_of(least_) <= weight <= number_of(most_)


def _holds(factor: Any) -> bool:
    """Whether a factor counts; an answer is a text, but 0 is no yes."""
    return truth_of(factor) and not (isinstance(factor, str) and number_of(factor) == 0)
