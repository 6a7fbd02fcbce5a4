"""What once broke a reader stays mended; ``make fuzz`` looks for more."""

from __future__ import annotations

import random

import pytest
from fuzz import TARGETS, check, kept_seeds, samples
from hostile.corpus import PAYLOADS


@pytest.mark.parametrize(("target", "data"), kept_seeds(), ids=lambda value: str(value)[:20])
def test_what_was_found_once_breaks_nothing(target: str, data: bytes) -> None:
    check(target, data)


@pytest.mark.parametrize("target", TARGETS)
def test_what_is_right_and_what_is_damaged_a_little_break_nothing(target: str) -> None:
    chance = random.Random(target)
    for sample in samples(target)[:5]:
        check(target, sample)
        for _ in range(4):
            start, piece = chance.randrange(len(sample)), chance.choice(PAYLOADS).encode("utf-8", "replace")
            check(target, sample[:start] + piece + sample[start + chance.randrange(40) :])
