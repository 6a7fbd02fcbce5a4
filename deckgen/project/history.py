"""What git knows of a project's past: its first commit, and its chapters between the lock's state and now."""

import functools
import hashlib
import os
import secrets
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path, PurePosixPath

from deckgen.project.encoding import decode_source
from deckgen.project.layout import LOCK_NAME
from deckgen.project.reading import Source, git, git_text

_FARTHEST = 400
"""So many commits are looked at; a lock that lags by more is taken for what its own commit had."""
_BEFORE_LOCK = 20
"""A lock may be committed so many commits after the sources that it was built from."""
_LARGEST_BYTES = 8 * 1024 * 1024


Step = tuple[tuple[Source, ...], tuple[int, ...]]
"""The chapters at a commit, and the steps before it, by index; none after the lock's state."""


def revision(texts: Mapping[str, str], chapters: Iterable[str]) -> str:
    """Sixteen hexadecimal digits that stand for the texts of these chapters, whatever commit they are in."""
    digest = hashlib.sha256()
    for path in sorted(chapters):
        digest.update(f"{path}\0{texts.get(path, '')}\0".encode())
    return digest.hexdigest()[:16]


def committed_lock(root: Path) -> str:
    """The newest commit that has a lock, empty where there is none. A lock that is not there now was lost."""
    touched = git_text(root, "log", "-1", "--format=%h", "--abbrev=12", "--", LOCK_NAME)
    commits = (touched, f"{touched}^") if touched else ()
    return next((one for one in commits if git(root, "cat-file", "-e", f"{one}:./{LOCK_NAME}") is not None), "")


@functools.cache
def birthmark(root: Path) -> str:
    """What tells a new project from others with files of the same names: its first commit and folder, else chance."""
    shallow = git(root, "rev-parse", "--is-shallow-repository") != b"false\n"
    roots = git(root, "rev-list", "--max-parents=0", "HEAD")
    if shallow or not roots:
        return secrets.token_hex(8)
    prefix = git(root, "rev-parse", "--show-prefix") or b""
    return f"{min(roots.split()).decode()} {os.fsdecode(prefix).strip()}"


def steps_since(
    root: Path, recorded: str, texts: Mapping[str, str], chapters: frozenset[str]
) -> tuple[tuple[Step, ...], bool]:
    """The commits since the chapters of the lock had the ``recorded`` revision, oldest first, and whether a shallow
    or partial clone hides them; ``texts`` are those now.

    There are none where git has no such commit and the lock is newer than the last one: then it was built from what
    lies here.
    """
    if not recorded or revision(texts, chapters) == recorded:
        return (), False
    past = _Past(root, chapters | texts.keys())
    start = past.find(recorded, chapters)
    if past.lacks or (start is None and git(root, "rev-parse", "--is-shallow-repository") == b"true\n"):
        return (), True
    if start is None and git(root, "status", "--porcelain", "--", LOCK_NAME) == b"":
        start = past.last_lock
    steps = tuple(past.steps(start)) if start else ()
    return steps, past.lacks


class _Past:
    """A project's commits; the text of each version of a file is read once."""

    def __init__(self, root: Path, paths: Iterable[str]) -> None:
        self._root = root
        self._folders = {str(PurePosixPath(path).parent) for path in paths}
        self._suffixes = {PurePosixPath(path).suffix for path in paths}
        self._texts: dict[str, str] = {}
        self.lacks = False
        """Whether a text is not here, as in a partial clone."""
        self.last_lock = git_text(root, "log", "-1", "--format=%H", "--", LOCK_NAME)

    def find(self, recorded: str, chapters: frozenset[str]) -> str | None:
        """The newest commit whose chapters have the recorded revision."""
        after = self._list("-n", str(_FARTHEST), f"{self.last_lock}..HEAD") if self.last_lock else []
        before = self._list("-n", str(_BEFORE_LOCK), self.last_lock or "HEAD")
        for commit, *_ in (*after, *before):
            texts = {source.path: source.text for source in self._sources(commit)}
            if revision(texts, chapters) == recorded:
                return commit
        return None

    def steps(self, start: str) -> Iterator[Step]:
        """Every commit after ``start`` that touches a chapter, each after its parents."""
        listed = self._list("--topo-order", "--reverse", "-n", str(_FARTHEST), f"{start}..HEAD")
        numbers = {commit: number for number, (commit, *_) in enumerate(listed)}
        for commit, *parents in listed:
            known = tuple(numbers[parent] for parent in parents if parent in numbers)
            yield tuple(self._sources(commit)), known

    def _list(self, *arguments: str) -> list[list[str]]:
        """Commits that touch a chapter, each with its parents among such commits."""
        patterns = [f":(glob){folder}/*{suffix}" for folder in self._folders for suffix in self._suffixes]
        listed = git_text(self._root, "rev-list", "--parents", *arguments, "--", *patterns)
        return [line.split() for line in listed.splitlines()]

    def _sources(self, commit: str) -> Iterator[Source]:
        listed = git(self._root, "ls-tree", "-r", "-l", "-z", commit) or b""
        for entry in listed.split(b"\0"):
            about, _, name = entry.partition(b"\t")
            path = PurePosixPath(os.fsdecode(name))
            if name and str(path.parent) in self._folders and path.suffix in self._suffixes:
                _, kind, blob, size = about.decode().split()
                if kind == "blob" and not size.isdecimal():
                    self.lacks = True
                elif kind == "blob" and int(size) <= _LARGEST_BYTES:
                    yield Source(path=str(path), text=self._text(blob, str(path)))

    def _text(self, blob: str, path: str) -> str:
        if blob not in self._texts:
            self._texts[blob] = decode_source(git(self._root, "cat-file", "blob", blob) or b"", path)[0] or ""
        return self._texts[blob]
