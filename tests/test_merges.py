"""Branches that know different locks come together in every way, and a learner in the real Anki loses nothing."""

from __future__ import annotations

from pathlib import Path

from merges import simulate


def test_merges_lose_mistake_and_undo_nothing(tmp_path: Path) -> None:
    """A short run of the benchmark: both branches edit, some questions together; every doubt is settled once."""
    score = simulate(tmp_path, rounds=8, seed=5, releases=2)
    assert score.bad == []
    assert score.merges.total() == 8
    assert len(score.edits) == 7
    assert score.doubts
    assert score.kept == score.studied >= 20
