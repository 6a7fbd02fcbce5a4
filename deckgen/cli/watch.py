"""``deckgen build --watch``: builds again after every change, and says which cards it changed."""

import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from deckgen.build import Build
from deckgen.cli.report import print_counts, print_diagnostics
from deckgen.cli.terminal import echo, plain, tell_failure
from deckgen.diagnostics import name_some
from deckgen.memory.watching import Watch
from deckgen.model import Key
from deckgen.output import Written

Made = tuple[Build, Written]


def watch_build(root: Path, out: Path, make: Callable[[], Made], show: Callable[[Build, Written], object]) -> None:
    """Builds with ``make`` until Ctrl+C; ``show`` tells of the first build. A failure is told, and the next awaited."""
    before: Build | None = None
    watch = Watch(root, out, threading.Event())
    try:
        for _ in watch:
            begun = time.monotonic()
            try:
                made, written = make()
                watch.own_lock()
            except Exception as error:  # whatever a half-saved file brings about, the next save mends it
                tell_failure(error)
                continue
            if before is None:
                show(made, written)
                echo("waiting for changes – press Ctrl+C to end", err=True)
            else:
                _print_round(before, made, written, time.monotonic() - begun)
            before = made
            made.material.documents.memory.close()
    except KeyboardInterrupt:
        echo("ended", err=True)


def _print_round(before: Build, made: Build, written: Written, seconds: float) -> None:
    known = set(before.diagnostics)
    print_diagnostics(found for found in written.diagnostics if found not in known)
    told = "; ".join(_changed(before, made)) or "no card changed"
    echo(f"{plain(told)} ({seconds:.1f} s, {written.folder})")
    print_counts(written.diagnostics)


def _changed(before: Build, made: Build) -> Iterator[str]:
    old, new = _cards(before), _cards(made)
    questions = (*before.matched.corpus.questions, *made.matched.corpus.questions)
    titles = {item.key: f"“{item.question.title}”" for item in questions}
    for word, keys in (
        ("changed", [key for key in new if key in old and new[key] != old[key]]),
        ("new", [key for key in new if key not in old]),
        ("gone", [key for key in old if key not in new]),
    ):
        if keys:
            yield f"{len(keys)} {word}: {name_some(titles[key] for key in keys)}"


def _cards(made: Build) -> Mapping[Key, list[str]]:
    """What a learner gets of each question, in every edition."""
    hashes: dict[Key, list[str]] = defaultdict(list)
    for stamped in made.decks:
        for note in stamped.deck.notes:
            hashes[note.key].append(note.content_hash)
    return hashes
