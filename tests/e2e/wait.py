"""Waiting: for a condition, with a deadline, saying what did not come."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


class Late(Exception):
    """Something did not happen in time."""


def until(what: str, condition: Callable[[], T | None], seconds: float = 120, every: float = 0.2) -> T:
    """The first answer of `condition` that is true, or `Late` that says what was waited for and seen last."""
    end = time.monotonic() + seconds
    while True:
        seen = condition()
        if seen:
            return seen
        if time.monotonic() > end:
            raise Late(f"waited {seconds:.0f} s for {what}; seen last: {seen!r}")
        time.sleep(every)
