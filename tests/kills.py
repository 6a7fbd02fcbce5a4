"""Kills commands at every seam and at random moments, and says how many lost nothing: tests/kills.py 1000 [release].

Each command runs in a process of its own, which dies by SIGKILL at its n-th touch of the project, or at some moment.
Afterwards every file has its old or its new bytes, those that belong together all old or all new; the command, run
again, ends where it would have ended, and leaves no litter.
"""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from projects import NOON, deckgen, make_project

from deckgen.project.reading import read_project

_TOUCHES = frozenset("os.rename os.remove os.rmdir os.mkdir os.chmod open shutil.rmtree sqlite3.connect".split())
_KEPT = frozenset((".cache", ".git"))
_NEXT = """
## 3.推理

### 什么是采样？

按概率取词。
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """``together`` says that its files are all old or all new; others are so one by one."""

    arguments: tuple[str, ...]
    prepare: Callable[[Path], object]
    together: bool = True


def killed(root: Path, work: Callable[[], object], seam: int) -> bool:
    """Whether the work, done in a process of its own, reached its ``seam``-th touch of the project and died of it."""
    child = os.fork()
    if not child:
        seen = 0

        def hook(event: str, arguments: tuple[object, ...]) -> None:
            nonlocal seen
            if event in _TOUCHES and any(str(root) in str(argument) for argument in arguments[:2]):
                seen += 1
                if seen == seam:
                    os.kill(os.getpid(), signal.SIGKILL)

        sys.addaudithook(hook)
        try:
            work()
        finally:
            os._exit(0)
    _, status = os.waitpid(child, 0)
    return os.WIFSIGNALED(status)


def killed_after(work: Callable[[], object], seconds: float) -> None:
    """Does the work in a process of its own and kills it after so long, whatever it is at."""
    child = os.fork()
    if not child:
        try:
            work()
        finally:
            os._exit(0)
    time.sleep(seconds)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)


def _edited(root: Path) -> None:
    chapter = root / "source/chapter.md"
    chapter.write_text(chapter.read_text(encoding="utf-8").replace("其他词", "别的词") + _NEXT, encoding="utf-8")


def _broken(root: Path) -> None:
    _edited(root)
    (root / "imgs/图.png").unlink()


def _shortened(root: Path) -> None:
    chapter = root / "source/chapter.md"
    chapter.write_text(chapter.read_text(encoding="utf-8").partition('<h2 id="2')[0], encoding="utf-8")


def _ready(root: Path) -> None:
    _edited(root)
    assert deckgen("build", "--project", root, now=NOON + 60).exit_code == 0
    for arguments in (
        ("init", "-q"),
        ("add", "-A"),
        ("-c", "user.name=a", "-c", "user.email=a@b", "commit", "-qm", "a"),
    ):
        subprocess.run(["git", *arguments], cwd=root, check=True)


COMMANDS = (
    Command(arguments=("build",), prepare=_edited),
    Command(arguments=("build",), prepare=_broken),
    Command(arguments=("build",), prepare=_shortened),
    Command(arguments=("release", "1.0.0"), prepare=_ready),
    Command(arguments=("translate", "extract"), prepare=_edited, together=False),
    Command(arguments=("preview",), prepare=_edited, together=False),
)


def survived(command: Command, folder: Path, *, random_kills: int, seed: int = 1, step: int = 1) -> Iterator[str]:
    """Kills the command at every ``step``-th of its seams, then at random moments: what each kill led to, or "".

    ``folder`` is an empty one to work in.
    """
    root, copy = folder / "book", folder / "copy"
    make_project(root, settings='[deck]\nid = "kill"\n')
    assert deckgen("build", "--project", root).exit_code == 0
    command.prepare(root)
    shutil.copytree(root, copy)
    before = _state(root)

    def work() -> None:
        deckgen(*command.arguments, "--project", root, now=NOON + 120)

    started = time.monotonic()
    work()
    took, after = time.monotonic() - started, _state(root)
    assert before != after, command

    def judge() -> str:
        for path in root.rglob(".*"):
            os.utime(path, (0, 0))  # what is half written goes once it is an hour old
        read_project(root)  # the next run of anything, which resumes what was begun
        found = _state(root)
        if command.together and _apart(found) not in (_apart(before), _apart(after)):
            return f"a mixture: {sorted(path for path in found if found.get(path) != after.get(path))}"
        for path, data in found.items():
            if not any(part.startswith(".") for part in Path(path).parts) and data not in (
                before.get(path),
                after.get(path),
            ):
                return f"half a file: {path}"
        if found != after:
            work()
        if _state(root) != after:
            return "it does not end where it would have ended"
        litter = [path.name for path in root.rglob(".*") if path.name not in _KEPT and not _KEPT & {*path.parts}]
        return f"litter: {litter}" if litter else ""

    def again() -> None:
        shutil.rmtree(root)
        shutil.copytree(copy, root)

    seam = 1
    again()
    while killed(root, work, seam):
        yield judge()
        again()
        seam += step
    moments = random.Random(seed)
    for _ in range(random_kills):
        again()
        killed_after(work, moments.random() * took)
        yield judge()


def _apart(state: Mapping[str, bytes]) -> Mapping[str, bytes]:
    """A state without a release's folder, which the same release, asked again, completes."""
    return {path: data for path, data in state.items() if not path.startswith("build/release/")}


def _state(root: Path) -> Mapping[str, bytes]:
    """All that anybody sees of a project: every file but those of its cache and of git."""
    files = (path for path in root.rglob("*") if path.is_file() and not _KEPT & {*path.parts})
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in files}


def main(least: int, name: str = "") -> int:
    counts: Counter[str] = Counter()
    seed = 0
    while counts.total() < least:
        for command in (command for command in COMMANDS if command.arguments[0].startswith(name)):
            with tempfile.TemporaryDirectory() as folder:
                for problem in survived(command, Path(folder), random_kills=60, seed=seed):
                    counts[
                        f"{' '.join(command.arguments)} {command.prepare.__name__}: {problem}" if problem else ""
                    ] += 1
            print(f"{counts.total()} kills, {counts['']} survived", flush=True)
        seed += 1
    for problem, count in counts.items():
        if problem:
            print(f"{count} × {problem}")
    return int(counts[""] < counts.total())


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 1000, *sys.argv[2:]))
