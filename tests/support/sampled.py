"""A few of many moments in the short form of a test, all of them in its long one.

Which few never changes: every so manieth, in each case from another one on, so that the cases of a
test meet all of them together.
"""

from collections.abc import Iterable, Sequence
from itertools import product
from typing import TypeVar

import pytest

T = TypeVar("T")


def sampled(*cases: Iterable[object], moments: Sequence[T], every: int) -> list[object]:
    """Parameters for `parametrize`: each combination of the cases, and then the moments it meets.

    Args:
        cases: The values of each parameter before the last.
        moments: What the long form takes for the last one.
        every: Every so manieth of them is in the short form.
    """
    combined = [*product(*cases)]
    few = [
        pytest.param(*case, moments[number % every :: every], id=_name(case))
        for number, case in enumerate(combined)
    ]
    every_one = [
        pytest.param(*case, moments, id=f"{_name(case)}-all", marks=pytest.mark.long)
        for case in combined
    ]
    return [*few, *every_one]


def _name(case: Iterable[object]) -> str:
    return "-".join(
        "+".join(map(str, value)) if isinstance(value, tuple) else str(value) for value in case
    )
