"""What each note's question became, commit by commit, since the lock was written: several edits are never one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from deckgen.identity.assignment import assign
from deckgen.identity.table import Traits


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """The questions at a commit; ``parents`` are the stages before it, none where it follows the lock's state."""

    questions: Sequence[Traits]
    parents: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Version:
    """What a note is recognised by, and how many edits it had since the lock was written."""

    traits: Traits
    edits: int = 0


def trace(known: Sequence[Traits], stages: Sequence[Stage], *, retired: frozenset[int]) -> Sequence[Traits]:
    """What the known notes are recognised by after the last stage; a note that no stage has stays as it was."""
    start = [_Version(traits=traits) for traits in known]
    states: list[list[_Version]] = []
    for stage in stages:
        before = _merged([states[parent] for parent in stage.parents] or [start])
        recognised = [version.traits for version in before]
        found = assign(stage.questions, recognised, rows={}, retired=retired, links={}, pending={})
        for new, old in found.links.items():
            if stage.questions[new] != recognised[old]:
                before[old] = _Version(traits=stage.questions[new], edits=before[old].edits + 1)
        states.append(before)
    return [version.traits for version in (states[-1] if states else start)]


def _merged(states: Sequence[list[_Version]]) -> list[_Version]:
    """The state before a commit; before a merge, of each note what the branch that edited it more made of it."""
    return [max(versions, key=lambda version: version.edits) for versions in zip(*states, strict=True)]
