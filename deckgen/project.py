"""The only place that knows folder names: reads a deck project's files and writes its lock, each write atomic."""

from __future__ import annotations

import contextlib
import difflib
import errno
import os
import subprocess
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from deckgen.config import Config, ImageSettings, locate_setting, parse_config
from deckgen.diagnostics import DeckgenError, Diagnostic, Severity, diagnostic
from deckgen.encoding import decode_source
from deckgen.files import Survey, is_own_file, is_plain_name, own_path, read_file, read_optional, survey
from deckgen.model import Language, Location
from deckgen.patterns import matches

CONFIG_NAME = "deckgen.toml"
LOCK_NAME = "deckgen.lock"
NOTES_PATH = "source/notes.toml"
LOCALE_DIR = "locale"
GLOSSARY_PATH = "locale/glossary.toml"
BUILD_DIR = "build"
PARTIAL_DIR = "partial"
PREVIEW_DIR = "preview"
MANIFEST_NAME = "manifest.json"
RELEASE_DIR = "release"
RECORDS_DIR = "releases"
RECORD_NAME = "record.jsonl"
CHANGELOG_NAME = "CHANGELOG.md"
PICTURES_DIR = "docs/pictures"
CACHE_DIR = ".cache/deckgen"
IMAGE_SUFFIXES = frozenset(
    (".png", ".jpg", ".jpeg", ".gif", ".webp", ".svg", ".bmp", ".avif", ".tif", ".tiff", ".heic")
)
_ABOUT_A_PROJECT = frozenset(("README", "CHANGELOG", "CONTRIBUTING", "LICENSE", "ARCHITECTURE", "CODE_OF_CONDUCT"))
_SKIPPED_DIRS = frozenset((BUILD_DIR, "node_modules", "dist", "__pycache__"))
_PUT_IT_THERE = "put the file itself there under a plain name, and check its permissions"
_READ_SUFFIXES = IMAGE_SUFFIXES | {".md", ".markdown", ".po", ".toml", ".lock", ".css"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    r"""A chapter's text with ``\n`` line ends and without a byte order mark."""

    path: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """A deck project as it lies on disk. Paths are POSIX and relative to ``root``."""

    root: Path
    config: Config
    sources: tuple[Source, ...]
    files: frozenset[str]
    """Every image file of the project."""
    lock_text: str | None
    notes_text: str | None
    config_text: str = ""
    released: tuple[str, ...] = ()
    """The versions that have a record."""

    @property
    def cache(self) -> Path:
        return own_path(self.root, CACHE_DIR)

    @property
    def locale(self) -> Path:
        return own_path(self.root, LOCALE_DIR)


def read_project(root: Path, chapters: tuple[Path, ...] = ()) -> tuple[Project, tuple[Diagnostic, ...]]:
    """The project at ``root``; ``chapters`` are read too where the settings do not name them.

    DeckgenError where ``root`` is no folder or a chapter that was asked for does not exist.
    """
    if not root.is_dir():
        raise DeckgenError(f"there is no folder {root}", hint="name the project's folder with --project")
    config_text = read_optional(root / CONFIG_NAME)
    config, findings = parse_config(config_text, CONFIG_NAME) if config_text is not None else (Config(), ())
    found = survey(root, skip=_is_skipped)
    wanted = [relative_path(root, chapter) for chapter in chapters]
    paths = sorted({*_chapter_paths(found.files, config, alone=not wanted and config_text is None), *wanted})
    sources, unreadable = _read_sources(root, paths)
    unreadable += tuple(_refused(found, config))
    if not paths:
        unreadable += (
            diagnostic(
                "no-chapters",
                f"no chapter matches {', '.join(config.chapters)}",
                Location(path=CONFIG_NAME) if config_text is not None else None,
                hint="put a Markdown file into source/, name one on the command line, or set deck.chapters",
            ),
        )
    project = Project(
        root=root,
        config=config,
        sources=sources,
        files=frozenset(path for path in found.files if PurePosixPath(path).suffix.lower() in IMAGE_SUFFIXES),
        lock_text=read_optional(root / LOCK_NAME),
        notes_text=read_optional(root / NOTES_PATH, inside=root),
        config_text=config_text or "",
        released=tuple(_released(root, found.files)),
    )
    return project, (*findings, *_unused_settings(project), *unreadable)


def _unused_settings(project: Project) -> Iterator[Diagnostic]:
    """``[chapters."…"]`` tables of no chapter, and image folders that are not there."""
    roots = project.config.images.roots
    for folder in roots if roots != ImageSettings().roots else ():
        plain = folder.replace("\\", "/").strip("./")
        if not (project.root / plain).is_dir() and not any(f"/{plain}/" in f"/{path}" for path in project.files):
            yield diagnostic(
                "bad-setting",
                f"“images.roots” names {folder}, and there is no such folder",
                locate_setting(project.config_text, CONFIG_NAME, ("images", "roots")),
                hint="name a folder of pictures, as its path in the project or by its name alone",
            )
    read = [source.path for source in project.sources]
    for path in project.config.chapter_settings:
        if path not in read and not (project.root / path).is_file():
            close = difflib.get_close_matches(path, read, 1)
            yield diagnostic(
                "bad-setting",
                f"there is no chapter “{path}”",
                locate_setting(project.config_text, CONFIG_NAME, ("chapters", path)),
                hint=f"did you mean “{close[0]}”?" if close else "the path is relative to the project",
            )


def project_above(root: Path) -> Path | None:
    """The nearest folder above that is a project, where ``root`` itself has neither settings nor lock."""
    folder, names = root.resolve(), (CONFIG_NAME, LOCK_NAME)
    if any((folder / name).exists() for name in names):
        return None
    return next((above for above in folder.parents if any((above / name).is_file() for name in names)), None)


def _released(root: Path, files: Iterable[str]) -> Iterator[str]:
    for path in sorted(path for path in files if matches(f"{RECORDS_DIR}/*.jsonl", path)):
        with contextlib.suppress(OSError), (root / path).open("rb") as file:
            if b'"deckgen-release"' in file.readline(4096):
                yield PurePosixPath(path).stem


def relative_path(root: Path, path: Path) -> str:
    """``path``, from the working folder or absolute, as the project knows it. DeckgenError where it lies outside."""
    found = next((spot for spot in (path, root / path) if spot.is_file()), None)
    if found is None and any(spot.is_dir() for spot in (path, root / path)):
        hint = f"name its chapters, as in {(path / '*.md').as_posix()}, or the project's folder with --project"
        raise DeckgenError(f"{path} is a folder, not a chapter", hint=hint)
    if found is None or not is_plain_name(path.name):
        raise DeckgenError(f"there is no chapter {path}", hint="the path is relative to this folder or to the project")
    try:
        return found.resolve().relative_to(root.resolve()).as_posix()
    except ValueError:
        raise DeckgenError(
            f"{path} lies outside the project {root}", hint="name the folder that holds it with --project"
        ) from None


def known_languages(project: Project) -> tuple[Language, ...]:
    """The languages that the project translates into: of its editions in their order, then of its folders."""
    editions = (tag for edition in project.config.editions for tag in edition.languages)
    folders = sorted(path.name for path in project.locale.iterdir() if path.is_dir()) if project.locale.is_dir() else []
    found = dict.fromkeys((*editions, *(Language(name) for name in folders)))
    return tuple(language for language in found if language != project.config.language)


def read_others(project: Project, chapters: Iterable[str]) -> tuple[tuple[Source, ...], frozenset[str]]:
    """Those of the chapters that lie in the project and were not read, and the paths of those that cannot be."""
    read = {source.path for source in project.sources}
    paths = sorted({path for path in chapters if path not in read and is_own_file(project.root / path, project.root)})
    sources, _ = _read_sources(project.root, paths)
    return sources, frozenset(paths) - {source.path for source in sources}


def commit_time(root: Path) -> int | None:
    """The last commit's time in seconds since the epoch, None outside a git checkout."""
    try:
        done = subprocess.run(
            ["git", "-C", str(root), "log", "-1", "--format=%ct"],
            capture_output=True,
            text=True,
            check=False,
            timeout=30,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return int(done.stdout) if done.returncode == 0 and done.stdout.strip().isdigit() else None


def git_user(root: Path) -> str:
    """The name that git signs commits with, empty without git or a name."""
    command = ["git", "-C", str(root), "config", "user.name"]
    try:
        done = subprocess.run(command, capture_output=True, encoding="utf-8", check=False, timeout=30)
    except (OSError, subprocess.TimeoutExpired, UnicodeDecodeError):
        return ""
    return done.stdout.strip()


def edit_time(root: Path) -> int | None:
    """When a file that the last commit does not have as it is now was last written, None where there is none."""
    times = []
    for path in changed_files(root) or ():
        with contextlib.suppress(OSError):
            if path != LOCK_NAME:
                times.append(int((root / path).stat().st_mtime))
    return max(times, default=None)


def snapshot(root: Path, *, without: Path) -> Mapping[str, tuple[int, int]]:
    """Modification time and size of every file that a build may read, those below ``without`` left out."""
    left_out = without.resolve()
    found: dict[str, tuple[int, int]] = {}
    for folder, names, files in os.walk(root):
        names[:] = [name for name in names if not _is_skipped(name) and (Path(folder) / name).resolve() != left_out]
        for file in files:
            path = Path(folder) / file
            if path.suffix.lower() in _READ_SUFFIXES:
                with contextlib.suppress(OSError):
                    status = path.stat()
                    found[str(path)] = (status.st_mtime_ns, status.st_size)
    return found


def changed_files(root: Path) -> tuple[str, ...] | None:
    """The files below ``root`` that are not as the last commit has them, untracked ones too; None outside a checkout.

    Paths are POSIX and relative to ``root``; what git ignores and what a build writes are left out.
    """
    command = [
        "git",
        "-C",
        str(root),
        "status",
        "--porcelain",
        "-z",
        "--untracked-files=all",
        "--no-renames",
        "--",
        ".",
    ]
    prefix = ["git", "-C", str(root), "rev-parse", "--show-prefix"]
    try:
        inside, done = (
            subprocess.run(line, capture_output=True, check=False, timeout=60) for line in (prefix, command)
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    if inside.returncode or done.returncode:
        return None
    above = os.fsdecode(inside.stdout).strip()
    paths = (os.fsdecode(entry[3:]).removeprefix(above) for entry in done.stdout.split(b"\0") if entry)
    made = (f"{BUILD_DIR}/", f"{CACHE_DIR.split('/')[0]}/")
    return tuple(sorted(path for path in paths if not path.startswith(made)))


def record_path(version: str) -> str:
    """Where the record of a release lies, relative to the project."""
    return f"{RECORDS_DIR}/{version}.jsonl"


def licence_files(root: Path) -> tuple[Path, ...]:
    """The texts of licences and notices in the project's own folder, by name."""
    names = ("licence", "license", "copying", "notice")
    found = (path for path in root.iterdir() if path.name.lower().startswith(names))
    return tuple(sorted(path for path in found if is_own_file(path, root)))


def card_pictures(root: Path, limit: int = 8) -> tuple[Path, ...]:
    """Pictures of cards for the download page, that of a front first; a few where there are many."""
    suffixes = (".png", ".webp", ".jpg", ".jpeg")
    folder = root / PICTURES_DIR
    paths = (path for path in folder.iterdir() if path.suffix.lower() in suffixes) if folder.is_dir() else ()
    found = [path for path in paths if is_own_file(path, root)]
    return tuple(sorted(found, key=lambda path: (not path.stem.startswith("front"), path.name))[:limit])


def _is_about_a_project(name: str) -> bool:
    """Whether a file such as README.zh-CN.md is no chapter where no setting says so."""
    return name.split(".")[0].upper() in _ABOUT_A_PROJECT


def _chapter_paths(files: Iterable[str], config: Config, *, alone: bool) -> list[str]:
    """Those of the files that are chapters: that the settings name, else, ``alone``, those side by side at the top."""
    files = tuple(files)
    named = [path for path in files if _is_chapter(path, config)]
    if not named and alone:
        named = [path for path in files if matches("*.md", path) and not _is_about_a_project(path)]
    return named


def _is_chapter(path: str, config: Config) -> bool:
    return any(matches(pattern, path) for pattern in config.chapters)


def _read_sources(root: Path, paths: list[str]) -> tuple[tuple[Source, ...], tuple[Diagnostic, ...]]:
    sources: list[Source] = []
    findings: list[Diagnostic] = []
    for path in paths:
        try:
            data = read_file(root / path, inside=root)
        except OSError as error:
            too_large = error.errno == errno.EFBIG
            hint = "split the chapter" if too_large else _PUT_IT_THERE
            findings.append(diagnostic("unreadable-file", f"{path} {_reason(error)}", Location(path=path), hint=hint))
            continue
        text, problems = decode_source(data, path)
        findings += problems
        if text is not None:
            sources.append(Source(path=path, text=text))
    return tuple(sources), tuple(findings)


def _reason(error: OSError) -> str:
    return str(error.strerror) if error.errno in (errno.EPERM, errno.EFBIG) else f"cannot be read: {error.strerror}"


def _refused(found: Survey, config: Config) -> Iterator[Diagnostic]:
    """What lies in the project and is not read; an error where it would be a chapter or hold some."""
    for path, why in sorted(found.refused.items()):
        finding = diagnostic("unreadable-file", f"{path} {why}", Location(path=path), hint=_PUT_IT_THERE)
        holds_chapters = any(pattern.startswith(f"{path}/") for pattern in config.chapters)
        serious = holds_chapters or _is_chapter(path, config)
        yield finding if serious else replace(finding, severity=Severity.WARNING)


def _is_skipped(name: str) -> bool:
    return name.startswith(".") or name in _SKIPPED_DIRS
