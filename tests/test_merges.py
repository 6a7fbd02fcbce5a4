"""Branches that know different locks come together in every way, and a learner in the real Anki loses nothing."""

from __future__ import annotations

from pathlib import Path

from merges import simulate


def test_merges_lose_mistake_and_undo_nothing(tmp_path: Path) -> None:
    """A short run of the benchmark: branches edit, some questions both, and link; every doubt is settled once."""
    score = simulate(tmp_path, rounds=8, seed=5, releases=2)
    assert score.bad == []
    assert score.merges.total() == 8
    assert len(score.edits) == 8
    assert all(score.edits.values())
    assert score.doubts
    assert score.kept == score.studied >= 20
