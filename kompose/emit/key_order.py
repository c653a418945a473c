"""The order of keys in a map, as the original's library has it: numbers count, marks come first.

Follows the key order of yaml.v3.
"""

from collections.abc import Iterable, Mapping
from functools import cmp_to_key, lru_cache
from typing import Any


def ordered(mapping: Mapping[str, Any]) -> Iterable[str]:
    """The keys of a map in their order: `a2` before `a10`, `a_b` before `ab`."""
    return _in_order(tuple(mapping))


@lru_cache(maxsize=4096)
def _in_order(keys: tuple[str, ...]) -> tuple[str, ...]:
    """Sorted keys; the objects of many services have the same few sets of them."""
    in_order = sorted(keys)
    if len(keys) > 1 and not all(map(str.isalpha, keys)):
        in_order.sort(key=cmp_to_key(_compare))
    return tuple(in_order)


def _compare(one: str, other: str) -> int:
    after_digit = False
    for place, (left, right) in enumerate(zip(one, other, strict=False)):
        if left == right:
            after_digit = left.isdecimal()
            continue
        if left.isalpha() and right.isalpha():
            return -1 if left < right else 1
        if left.isalpha() or right.isalpha():
            return -1 if left.isalpha() == after_digit else 1
        return _compare_numbers(one, other, place)
    return len(one) - len(other)


def _compare_numbers(one: str, other: str, place: int) -> int:
    """By the numbers that stand from a place on, the shorter first, else by the characters there.

    A nought counts only behind a digit that is none.
    """
    first = 0
    if "0" in (one[place], other[place]):
        before = one[:place]
        digits = before[len(before.rstrip("0123456789")) :]
        first = 1 if digits.strip("0") else 0
    left, left_end = _number(one, place, first)
    right, right_end = _number(other, place, first)
    if left != right:
        return -1 if left < right else 1
    if left_end != right_end:
        return left_end - right_end
    return -1 if one[place] < other[place] else 1


def _number(text: str, place: int, number: int) -> tuple[int, int]:
    while place < len(text) and text[place].isdecimal():
        number = number * 10 + ord(text[place]) - ord("0")
        place += 1
    return number, place
