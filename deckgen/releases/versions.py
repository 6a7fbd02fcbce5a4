"""Which version a release may bear: major where learners must act, minor for cards that come or go, patch for texts."""

from __future__ import annotations

import re
from typing import NamedTuple

from deckgen.releases.diff import Difference, ReleaseDiff
from deckgen.text.sizes import counted


class Version(NamedTuple):
    """A semantic version without anything after its third number."""

    major: int
    minor: int
    patch: int

    def __str__(self) -> str:
        return f"{self.major}.{self.minor}.{self.patch}"


LEAST = Version(0, 1, 0)
"""The least that a first release may have."""


def parse_version(text: str) -> Version:
    """``1.2.3`` or ``v1.2.3``. ValueError, with the reason as its text, for anything else."""
    found = re.fullmatch(r"v?(0|[1-9]\d{0,5})\.(0|[1-9]\d{0,5})\.(0|[1-9]\d{0,5})", text, re.ASCII)
    if not found:
        raise ValueError(f"“{text}” is no version; write three numbers, like 1.2.0")
    return Version(int(found[1]), int(found[2]), int(found[3]))


def propose_version(last: Version | None, diff: ReleaseDiff) -> tuple[Version | None, str]:
    """The next version, None where there is nothing to release, and why. The first is 1.0.0."""
    if last is None:
        return Version(1, 0, 0), f"the first release; any version from {LEAST} on will do"
    if diff.breaches:
        told = "; ".join(f"{found.edition}: {found.what}" for found in diff.breaches)
        return Version(last.major + 1, 0, 0), f"learners must act: {told}"
    added, retired = len(diff.of(Difference.ADDED)), len(diff.of(Difference.RETIRED))
    parts = [counted(added, "new card")] if added else []
    parts += [counted(retired, "retired card")] if retired else []
    parts += [f"new editions {', '.join(diff.new_editions)}"] if diff.new_editions else []
    parts += [f"{old} is now {new}" for old, new in diff.grown.items()]
    if parts:
        return Version(last.major, last.minor + 1, 0), " and ".join(parts)
    if diff.is_empty:
        return None, "nothing that a learner gets has changed"
    cards = counted(len(diff.notes), "changed card")
    reason = f"{cards} and no new one" if diff.notes else "another look or description, no other card"
    return Version(last.major, last.minor, last.patch + 1), reason


def contradiction(asked: Version, last: Version | None, diff: ReleaseDiff) -> str:
    """Why ``asked`` cannot follow ``last`` with these changes; empty where it can.

    A deck that calls itself 0.x may become 1.0.0 at any time.
    """
    if last is None:
        return "" if asked >= LEAST else f"a first release is {LEAST} or later, not {asked}"
    if asked <= last:
        return f"{asked} goes back: the last release is {last}"
    proposal, reason = propose_version(last, diff)
    if proposal is None:
        return f"{reason} since {last}, so there is nothing to release"
    if asked == proposal or (last.major == 0 and asked == Version(1, 0, 0)):
        return ""
    return f"after {last} comes {proposal}, not {asked}: {reason}"
