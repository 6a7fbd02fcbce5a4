"""Which version a release may bear: major where learners must act, minor for cards that come or go, patch for texts."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import IntEnum

from deckgen.releases.diff import Difference, ReleaseDiff

FIRST = "0.1.0"
"""The least version that a first release may have."""


@dataclass(frozen=True, slots=True, order=True)
class Version:
    """A semantic version without anything after its third number."""

    major: int
    minor: int
    patch: int

    def __str__(self) -> str:
        return f"{self.major}.{self.minor}.{self.patch}"


class Level(IntEnum):
    """How much a release asks of learners, and which number of the version it raises."""

    NONE = 0
    PATCH = 1
    MINOR = 2
    MAJOR = 3


def parse_version(text: str) -> Version:
    """``1.2.3`` or ``v1.2.3``. ValueError, with the reason as its text, for anything else."""
    found = re.fullmatch(r"v?(0|[1-9]\d{0,5})\.(0|[1-9]\d{0,5})\.(0|[1-9]\d{0,5})", text, re.ASCII)
    if not found:
        raise ValueError(f"“{text}” is no version; write three numbers, like 1.2.0")
    return Version(int(found[1]), int(found[2]), int(found[3]))


def level_of(diff: ReleaseDiff) -> Level:
    if diff.breaches:
        return Level.MAJOR
    if diff.of(Difference.ADDED) or diff.of(Difference.RETIRED) or diff.new_editions or diff.grown:
        return Level.MINOR
    return Level.NONE if diff.is_empty else Level.PATCH


def reason(diff: ReleaseDiff) -> str:
    """Why a release has its level: what changed, as far as it counts."""
    match level_of(diff):
        case Level.MAJOR:
            return "learners must act: " + "; ".join(f"{found.edition}: {found.what}" for found in diff.breaches)
        case Level.MINOR:
            added, retired = len(diff.of(Difference.ADDED)), len(diff.of(Difference.RETIRED))
            parts = [f"{added} new cards"] if added else []
            parts += [f"{retired} retired cards"] if retired else []
            parts += [f"new editions {', '.join(diff.new_editions)}"] if diff.new_editions else []
            parts += [f"{old} is now {new}" for old, new in diff.grown.items()]
            return " and ".join(parts)
        case Level.PATCH:
            cards = len(diff.notes)
            return f"{cards} changed cards and no new ones" if cards else "another look or description, no other card"
        case Level.NONE:
            return "nothing that a learner gets has changed"


def propose_version(last: Version | None, diff: ReleaseDiff) -> Version | None:
    """The next version; None where there is nothing to release. The first is 1.0.0."""
    if last is None:
        return Version(1, 0, 0)
    match level_of(diff):
        case Level.MAJOR:
            return Version(last.major + 1, 0, 0)
        case Level.MINOR:
            return Version(last.major, last.minor + 1, 0)
        case Level.PATCH:
            return Version(last.major, last.minor, last.patch + 1)
        case Level.NONE:
            return None


def contradiction(asked: Version, last: Version | None, diff: ReleaseDiff) -> str:
    """Why ``asked`` cannot follow ``last`` with these changes; empty where it can.

    A deck that calls itself 0.x may become 1.0.0 at any time.
    """
    if last is None:
        first = parse_version(FIRST)
        return "" if asked >= first else f"a first release is {first} or later, not {asked}"
    if asked <= last:
        return f"{asked} goes back: the last release is {last}"
    proposal = propose_version(last, diff)
    if proposal is None:
        return f"{reason(diff)} since {last}, so there is nothing to release"
    if asked == proposal or (last.major == 0 and asked == Version(1, 0, 0)):
        return ""
    return f"after {last} comes {proposal}, not {asked}: {reason(diff)}"
