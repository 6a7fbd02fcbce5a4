"""What git knows of a project: its first commit, its chapters between the lock's state and now, what has changed."""

import contextlib
import functools
import hashlib
import os
import re
import secrets
import subprocess
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path, PurePosixPath
from urllib.parse import quote

from deckgen.project.encoding import Source, decode_source
from deckgen.project.layout import BUILD_DIR, CACHE_DIR, LOCK_NAME

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


# --- the checkout -----------------------------------------------------------------------------------------------------


def commit_time(root: Path) -> int | None:
    """The last commit's time in seconds since the epoch, None outside a git checkout."""
    time = git_text(root, "log", "-1", "--format=%ct")
    return int(time) if time.isdigit() else None


def edit_time(root: Path) -> int | None:
    """When a file that the last commit does not have as it is now was last written, None where there is none."""
    times = []
    for path in changed_files(root) or ():
        with contextlib.suppress(OSError):
            if path != LOCK_NAME:
                times.append(int((root / path).stat().st_mtime))
    return max(times, default=None)


def changed_files(root: Path) -> tuple[str, ...] | None:
    """The files below ``root`` that are not as the last commit has them, untracked ones too; None outside a checkout.

    Paths are POSIX and relative to ``root``; what git ignores and what a build writes are left out.
    """
    inside = git(root, "rev-parse", "--show-prefix")
    listed = git(root, "status", "--porcelain", "-z", "--untracked-files=all", "--no-renames", "--", ".")
    if inside is None or listed is None:
        return None
    above = os.fsdecode(inside).strip()
    paths = (os.fsdecode(entry[3:]).removeprefix(above) for entry in listed.split(b"\0") if entry)
    made = (f"{BUILD_DIR}/", f"{CACHE_DIR.split('/')[0]}/")
    return tuple(sorted(path for path in paths if not path.startswith(made)))


def repository_address(root: Path) -> str:
    """The page on GitHub or Gitee that a checkout came from: of the repository, or of the project's folder in it.

    Empty for any other host, and for a folder that git ignores.
    """
    remote = git_text(root, "config", "--get", "remote.origin.url")
    found = re.fullmatch(r"(?:https://(?:[^/@]*@)?|(?:ssh://)?git@)(github|gitee)\.com[/:](.+?)(?:\.git)?/?", remote)
    if not found or git(root, "check-ignore", "--quiet", ".") is not None:
        return ""
    below = git_text(root, "rev-parse", "--show-prefix").rstrip("/")
    below = re.sub(r"[\s#%?{}]", lambda one: quote(one[0]), below)
    branch = git_text(root, "rev-parse", "--abbrev-ref", "origin/HEAD").removeprefix("origin/")
    branch = branch or git_text(root, "symbolic-ref", "--short", "HEAD") or "HEAD"
    return f"https://{found[1]}.com/{found[2]}" + (f"/tree/{branch}/{below}" if below else "")


# --- asking git -------------------------------------------------------------------------------------------------------

_DISTRUST = (
    "safe.bareRepository=explicit",
    "core.fsmonitor=false",
    f"core.hooksPath={os.devnull}",
    "log.showSignature=false",
)
"""A project's own files may look like a bare repository, and an archive may hold a ``.git``: settings name programs."""
_ALONE = {"GIT_ALLOW_PROTOCOL": "none", "GIT_NO_LAZY_FETCH": "1", "GIT_OPTIONAL_LOCKS": "0"}
"""git fetches nothing that a partial clone lacks, and leaves its index, and no lock on it, as they are."""
_VALUES = {"DECKGEN_EMPTY": "", "DECKGEN_FALSE": "false"}
"""Of settings whose names may hold a ``=``, which ``-c`` would take for the end of the name."""


def git(root: Path, *arguments: str) -> bytes | None:
    """What git prints; None outside a checkout, without git, and where it fails. It runs no program of a repository."""
    settings = [word for setting in _DISTRUST for word in ("-c", setting)]
    if arguments[0] == "status":
        settings += _without_filters(root)
        arguments = (*arguments[:1], "--ignore-submodules=dirty", *arguments[1:])  # which have settings of their own
    command = ["git", *settings, "-C", str(root), *arguments]
    try:
        done = subprocess.run(command, capture_output=True, check=False, timeout=60, env=os.environ | _ALONE | _VALUES)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout if done.returncode == 0 else None


def git_text(root: Path, *arguments: str) -> str:
    """The same as text without its line end; empty where there is none."""
    return (git(root, *arguments) or b"").decode(errors="replace").strip()


def _without_filters(root: Path) -> Iterator[str]:
    """Options that take back the settings which let ``git status`` hand files to a program, but the user's own."""
    listed = git(root, "config", "--show-scope", "--name-only", "-z", "--get-regexp", r"^filter\.") or b""
    fields = os.fsdecode(listed).split("\0")
    for scope, name in zip(fields[::2], fields[1::2], strict=False):
        if scope not in ("global", "system"):
            yield f"--config-env={name}={'DECKGEN_FALSE' if name.endswith('.required') else 'DECKGEN_EMPTY'}"
