"""``build --watch`` in a process of its own: real files, real events; every step waits for what it expects."""

from __future__ import annotations

import os
import queue
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from projects import save

from deckgen.build import Options, make_decks
from deckgen.memory import watching
from deckgen.output import write_build
from deckgen.project.reading import read_project

CHAPTER = "## 甲\n\n### 什么是A？\n\n答一\n\n### 什么是B？\n\n答二\n"
LONG = 120


def _listen_to_ctrl_c() -> None:
    """What a shell runs in its background, as it may run these tests, ignores it, and hands that down."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


class Watched:
    """A build that watches, and its lines."""

    def __init__(self, project: Path, *options: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "deckgen", "build", "--watch", "--project", str(project), *options],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            preexec_fn=_listen_to_ctrl_c,
            env={**os.environ, "PYTHONUNBUFFERED": "1", "SOURCE_DATE_EPOCH": "1760000000"},
        )
        self._lines: queue.SimpleQueue[str] = queue.SimpleQueue()
        threading.Thread(target=self._read, daemon=True).start()

    def line_with(self, words: str) -> str:
        """The next line that has the words; those before it go."""
        seen = []
        end = time.monotonic() + LONG
        while time.monotonic() < end:
            try:
                line = self._lines.get(timeout=1)
            except queue.Empty:
                continue
            seen.append(line)
            if words in line:
                return line
        raise AssertionError(f"no line with “{words}” in {seen}")

    def _read(self) -> None:
        assert self.process.stdout
        for line in self.process.stdout:
            self._lines.put(line)


@contextmanager
def watched(project: Path, *options: str) -> Iterator[Watched]:
    running = Watched(project, *options)
    try:
        yield running
    finally:
        running.process.kill()
        running.process.wait(LONG)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "source").mkdir()
    (tmp_path / "source" / "a.md").write_text(CHAPTER, encoding="utf-8")
    return tmp_path


def test_each_save_is_built_and_its_cards_are_named_and_a_failure_ends_nothing(project: Path) -> None:
    chapter, lock = project / "source" / "a.md", project / "deckgen.lock"
    with watched(project) as running:
        running.line_with("waiting for changes")
        (package,) = (project / "build").glob("*-zh-en.apkg")
        first = package.read_bytes()
        save(chapter, CHAPTER.replace("答一", "回答一"))
        assert "1 changed: “什么是A？”" in running.line_with("changed")
        assert package.read_bytes() != first
        good = lock.read_text(encoding="utf-8")
        save(lock, "no lock")
        running.line_with("error: ")
        save(lock, good)
        running.line_with("no card changed")
        save(chapter, CHAPTER + "\n### 什么是C？\n\n![图](missing.png)\n")
        running.line_with("missing.png")
        assert "1 new: “什么是C？”" in running.line_with("new: ")
        save(chapter, CHAPTER)
        running.line_with("1 gone: “什么是C？”")
        with chapter.open("w", encoding="utf-8") as half_saved:
            running.line_with("2 gone: ")
            half_saved.write(CHAPTER)
        running.line_with("2 new: ")
        running.process.send_signal(signal.SIGINT)
        running.line_with("ended")
        assert running.process.wait(LONG) == 0


def test_what_a_build_writes_itself_is_no_change(project: Path) -> None:
    """It makes build/, .cache/ and deckgen.lock; the first line that is told of a round is that of the edit."""
    with watched(project) as running:
        running.line_with("waiting for changes")
        (project / "notes.txt").write_text("nothing that a build reads", encoding="utf-8")
        save(project / "source" / "b.md", CHAPTER.replace("什么", "哪个"))
        line = running.line_with(" s, ")
        assert "2 new" in line


def test_a_change_while_somebody_is_at_work_is_not_lost(project: Path) -> None:
    stop = threading.Event()
    watch = watching.Watch(project, project / "build", stop)
    rounds = iter(watch)
    next(rounds)
    (project / "source" / "a.md").write_text("# neu", encoding="utf-8")
    next(rounds)
    (project / "deckgen.lock").write_text("of the build itself", encoding="utf-8")
    watch.own_lock()
    (project / "source" / "b.md").write_text("# neu", encoding="utf-8")
    next(rounds)
    (project / "deckgen.lock").write_text("of somebody else", encoding="utf-8")
    next(rounds)
    stop.set()
    assert list(rounds) == []


def test_packages_that_somebody_took_away_are_written_once(project: Path) -> None:
    def build() -> int:
        save(project / "source" / "a.md", CHAPTER)
        made = make_decks(*read_project(project), Options(now=1_760_000_000))
        write_build(made)
        made.material.documents.memory.close()
        return next((project / "build").glob("*-zh-en.apkg")).stat().st_mtime_ns

    build()
    shutil.rmtree(project / "build")
    stop = threading.Event()
    watch = watching.Watch(project, project / "build", stop)
    written = []
    for _ in watch:
        written.append(build())
        if len(written) > 2:
            stop.set()
    assert len(set(written)) == 1


def test_json_is_for_programs_that_wait_for_an_end(project: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "deckgen", "build", "--watch", "--json", "--project", str(project)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert "leave out --json" in done.stderr
