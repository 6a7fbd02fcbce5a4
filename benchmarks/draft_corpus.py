"""Drafts every chapter of a folder over a loopback engine that fails now and then, interrupted and resumed.

    python benchmarks/draft_corpus.py FOLDER

Prints how many blocks were drafted and refused; none may be lost, and none that was drafted asked for again.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from translation_server import translation_server

from deckgen.localisation.drafting import draft_jobs, with_drafts
from deckgen.localisation.translations import read_translations
from deckgen.model import Language
from deckgen.project.encoding import decode_source
from deckgen.project.reading import read_project
from deckgen.translation.drafts.engines import make_engine
from deckgen.translation.drafts.fill import draft_missing
from deckgen.translation.drafts.ledger import RememberedDrafts
from deckgen.translation.drafts.parcels import Filled, Job
from deckgen.translation.drafts.sending import Clock

ENGLISH = Language("en")
FAULTS = ("500", "reset", "html", "null", "429", "error")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder
    with tempfile.TemporaryDirectory() as work:
        root = Path(work)
        (root / "source").mkdir()
        for path in sorted(folder.rglob("*.md")):
            text, _ = decode_source(path.read_bytes(), path.name)
            (root / "source" / path.name).write_text(text or "", encoding="utf-8", newline="\n")
        found = read_translations(*read_project(root), (ENGLISH,))
        jobs = draft_jobs(found, ENGLISH)
        began = time.monotonic()
        runs, texts = _draft(jobs, root / "cache.jsonl")
        seconds = time.monotonic() - began
        final = runs[-1]
        found, written = with_drafts(found, ENGLISH, final.drafts, engine="libre", date="2025-01-01")
    accepted = {draft.job.pair.source for draft in final.drafts if draft.translation}
    print(f"{len(jobs)} texts in {len(found.material.chapters)} chapters, {len(runs)} runs, {seconds:.1f} s")
    print(f"{len(accepted)} drafted ({written} entries), {sum(run.requests for run in runs)} requests")
    for reason, failed in final.problems.items():
        print(f"  refused {len(failed)}: {reason}")
        for draft in failed[:2]:
            print(f"    {' '.join(draft.job.pair.source.split())[:100]}")
    lost = len(jobs) - len(final.drafts)
    repeated = [text for text, count in Counter(texts).items() if count > 1]
    print(f"{lost} lost; {len(repeated)} answered more than once, as are refused texts, by each run, and equal ones")


def _draft(jobs: tuple[Job, ...], cache: Path) -> tuple[list[Filled], list[str]]:
    """Runs that are interrupted at every 400th text, until one comes to its end; and the texts answered well."""
    runs: list[Filled] = []
    with translation_server() as server:
        engine = make_engine("libre", url=server.url, timeout_seconds=5)
        stop = 400
        while not runs or runs[-1].interrupted:
            server.modes = [mode for fault in FAULTS for mode in ("ok",) * 29 + (fault,)]

            def interrupt(done: int, total: int, stop: int = stop) -> None:
                if stop <= done < total:
                    raise KeyboardInterrupt

            clock = Clock(now=time.monotonic, sleep=lambda seconds: None)
            runs.append(
                draft_missing(
                    jobs,
                    engine,
                    remembered=RememberedDrafts(cache, engine.identity),
                    clock=clock,
                    in_flight=8,
                    progress=interrupt,
                )
            )
            stop += 400
        return runs, server.answered


if __name__ == "__main__":
    main()
