"""Reads a deck project's folder: settings, chapters, lock and the rest as they lie there, and what is wrong with it."""

import contextlib
import difflib
import errno
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path, PurePosixPath

from msgspec import Struct

from deckgen.diagnostics import DeckgenError, Diagnostic, Severity, diagnostic
from deckgen.model import Language, Location
from deckgen.project import journal, layout
from deckgen.project.config import Config, ImageSettings, is_pattern, locate_setting, matches, parse_config
from deckgen.project.discovery import SOURCES, choose_chapters, is_chapter, left_out, with_languages
from deckgen.project.encoding import Source, decode_source
from deckgen.project.files import is_own_file, own_path, read_file, read_optional, remove_unfinished, shown_name, survey
from deckgen.project.history import git

IMAGE_SUFFIXES = frozenset(
    (".png", ".jpg", ".jpeg", ".gif", ".webp", ".svg", ".bmp", ".avif", ".tif", ".tiff", ".heic")
)
_PUT_IT_THERE = "put the file itself there under a plain name, and check its permissions"
READ_SUFFIXES = IMAGE_SUFFIXES | {".md", ".markdown", ".po", ".toml", ".lock", ".css"}


class Project(Struct, frozen=True, kw_only=True):
    """A deck project as it lies on disk. Paths are POSIX and relative to ``root``."""

    root: Path
    config: Config
    sources: tuple[Source, ...]
    files: frozenset[str]
    """Every image file of the project."""
    lock_text: str | None
    notes_text: str | None
    remote_text: str | None = None
    """Which files were fetched from which URLs."""
    config_text: str = ""
    released: tuple[str, ...] = ()
    """The versions that have a record."""
    wanted: tuple[str, ...] = ()
    """The chapters that were asked for; none where all were."""

    @property
    def cache(self) -> Path:
        return own_path(self.root, layout.CACHE_DIR)

    @property
    def lines(self) -> Mapping[str, list[str]]:
        """The lines of each chapter, by its path."""
        return {source.path: source.text.split("\n") for source in self.sources}

    @property
    def locale(self) -> Path:
        return own_path(self.root, layout.LOCALE_DIR)


def read_project(root: Path, chapters: tuple[Path, ...] = ()) -> tuple[Project, tuple[Diagnostic, ...]]:
    """The project at ``root``; ``chapters`` are read too where the settings do not name them.

    DeckgenError where ``root`` is no folder or a chapter that was asked for does not exist.
    """
    if not root.is_dir():
        raise DeckgenError(f"there is no folder {root}", hint="name the project's folder with --project")
    build = layout.BUILD_DIR
    releases = (path.relative_to(root).as_posix() for path in root.glob(f"{build}/{layout.RELEASE_DIR}/v*"))
    folders = (build, f"{build}/{layout.PARTIAL_DIR}", layout.RECORDS_DIR, *releases)
    journal.resume(root, folders, beside=root / layout.LOCK_NAME)
    config_text = read_optional(root / layout.CONFIG_NAME)
    config, findings = parse_config(config_text)
    files, refused = survey(root, skip=layout.is_skipped)
    remove_unfinished(root / path for path in files)
    asked = tuple(_relative_path(root, path) for path in chapters)
    ignored = frozenset[str]()
    if not config.chapters:
        listed = git(root, *"ls-files -z --others --ignored --exclude-standard -- *.md *.markdown".split()) or b""
        ignored = frozenset(os.fsdecode(entry) for entry in listed.split(b"\0") if entry)
    chosen = choose_chapters(files, config, asked, settled=config_text is not None, ignored=ignored)
    sources, problems = _read_sources(root, chosen.paths)
    left = chosen.no_chapters({source.path: source.text for source in sources})
    sources = tuple(source for source in sources if source.path not in left)
    problems = (*problems, *_refused(refused, config), *left_out({**chosen.left, **left}))
    if not sources and not any(found.rule == "unreadable-file" for found in problems):
        problems += (_no_chapters(config, config_text),)
    lock_text = read_optional(root / layout.LOCK_NAME)
    config = with_languages(config, lock_text, (source.text for source in sources))
    project = Project(
        root=root,
        config=config,
        sources=sources,
        files=frozenset(path for path in files if PurePosixPath(path).suffix.lower() in IMAGE_SUFFIXES),
        lock_text=lock_text,
        notes_text=read_optional(root / layout.NOTES_PATH, inside=root),
        remote_text=read_optional(root / layout.REMOTE_MAP, inside=root),
        config_text=config_text or "",
        released=tuple(_released(root, files)),
        wanted=tuple(source.path for source in sources if source.path in chosen.wanted),
    )
    return project, (*findings, *_unused_settings(project, files), *problems)


def _unused_settings(project: Project, pages: Iterable[str]) -> Iterator[Diagnostic]:
    """``[chapters."…"]`` tables of no chapter, and image folders that are not there."""

    def found(rule: str, message: str, where: tuple[str, str], hint: str) -> Diagnostic:
        return diagnostic(rule, message, locate_setting(project.config_text, *where), hint=hint)

    roots = project.config.images.roots
    for folder in roots if roots != ImageSettings().roots else ():
        plain = folder.replace("\\", "/").strip("./")
        if not plain:
            message = (
                f"“{folder}” in images.roots changes nothing: images are looked for from the project's folder anyway"
            )
            hint = "name the folder of the images, or take the setting out"
            yield found("unused-setting", message, ("images", "roots"), hint)
        elif not (project.root / plain).is_dir() and not any(f"/{plain}/" in f"/{path}" for path in project.files):
            message = f"“images.roots” names {folder}, and there is no such folder"
            hint = "name a folder of images, as its path in the project or by its name alone"
            yield found("bad-setting", message, ("images", "roots"), hint)
    read = [source.path for source in project.sources]
    for name in ("chapters", "include", "exclude"):
        for pattern in getattr(project.config, name):
            if not any(matches(pattern, path) for path in pages):
                hint = "take it out, or mend it; * stands for anything within a folder, ** for folders too"
                yield found("unused-setting", f"“{pattern}” in deck.{name} matches no file", ("deck", name), hint)
    for path in project.config.chapter_settings:
        if is_pattern(path):
            if not any(matches(path, chapter) for chapter in read):
                message = f"“{path}” matches no chapter"
                yield found("unused-setting", message, ("chapters", path), "take it out, or mend it")
        elif path not in read and not (project.root / path).is_file():
            close = difflib.get_close_matches(path, read, 1)
            hint = f"did you mean “{close[0]}”?" if close else "the path is relative to the project"
            yield found("bad-setting", f"there is no chapter “{path}”", ("chapters", path), hint)


def _released(root: Path, files: Iterable[str]) -> Iterator[str]:
    for path in sorted(path for path in files if matches(f"{layout.RECORDS_DIR}/*.jsonl", path)):
        with contextlib.suppress(OSError), (root / path).open("rb") as file:
            if b'"deckgen-release"' in file.readline(4096):
                yield PurePosixPath(path).stem


def _relative_path(root: Path, path: Path) -> str:
    """``path``, from the working folder or absolute, as the project knows it; a folder's ends with a slash.

    DeckgenError where it is not there or lies outside.
    """
    spots = [spot for spot in (path, root / path) if spot.exists() and shown_name(path.name) == path.name]
    if not spots:
        raise DeckgenError(f"there is no chapter {path}", hint="the path is relative to this folder or to the project")
    found = next((spot for spot in spots if spot.resolve().is_relative_to(root.resolve())), None)
    if found is None:
        hint = "name the folder that holds it with --project"
        raise DeckgenError(f"{path} lies outside the project {root}", hint=hint)
    relative = found.resolve().relative_to(root.resolve()).as_posix()
    if relative != "." and found.is_dir() and layout.project_at(found):
        raise DeckgenError(f"{path} is a project of its own", hint=f"name it with --project {path}")
    return "/" if relative == "." else f"{relative}/" if found.is_dir() else relative


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


def licence_files(root: Path) -> tuple[Path, ...]:
    """The texts of licences and notices in the project's own folder, by name."""
    names = ("licence", "license", "copying", "notice")
    found = (path for path in root.iterdir() if path.name.lower().startswith(names))
    return tuple(sorted(path for path in found if is_own_file(path, root)))


def screenshots(root: Path, limit: int = 8) -> tuple[Path, ...]:
    """Images of cards for the download page, that of a front first; a few where there are many."""
    suffixes = (".png", ".webp", ".jpg", ".jpeg")
    folder = root / layout.SCREENSHOTS_DIR
    paths = (path for path in folder.iterdir() if path.suffix.lower() in suffixes) if folder.is_dir() else ()
    found = [path for path in paths if is_own_file(path, root)]
    return tuple(sorted(found, key=lambda path: (not path.stem.startswith("front"), path.name))[:limit])


def _no_chapters(config: Config, config_text: str | None) -> Diagnostic:
    patterns = ", ".join(config.chapters)
    return diagnostic(
        "no-chapters",
        f"no chapter matches {patterns}" if patterns else "there is no Markdown file that could be a chapter",
        Location(path=layout.CONFIG_NAME) if config_text is not None else None,
        hint="put a Markdown file into source/, name one on the command line, or set deck.chapters; "
        "“deckgen init” begins with an example",
    )


_HEADING = re.compile(r"^ {0,3}#{1,6}[ \t]|^=+[ \t]*$|<h[1-6][\s>]", re.MULTILINE | re.IGNORECASE)
_MOST_HEADINGS = 20_000
"""In a chapter: as many as two whole decks have notes."""


def _read_sources(root: Path, paths: Iterable[str]) -> tuple[tuple[Source, ...], tuple[Diagnostic, ...]]:
    sources: list[Source] = []
    findings: list[Diagnostic] = []
    for path in paths:
        try:
            data = read_file(root / path, inside=root)
        except OSError as error:
            why = error.strerror if error.errno in (errno.EPERM, errno.EFBIG) else f"cannot be read: {error.strerror}"
            hint = "split the chapter" if error.errno == errno.EFBIG else _PUT_IT_THERE
            findings.append(diagnostic("unreadable-file", f"{path} {why}", Location(path=path), hint=hint))
            continue
        text, problems = decode_source(data, path)
        findings += problems
        # To count lines and tags costs nothing, and most chapters have too few of both.
        many = text is not None and sum(map(text.count, ("\n", "<h", "<H"))) >= _MOST_HEADINGS
        if text is not None and many and len(_HEADING.findall(text)) > _MOST_HEADINGS:
            message = f"{path} has more than {_MOST_HEADINGS:,} headings"
            findings.append(diagnostic("unreadable-file", message, Location(path=path), hint="split the chapter"))
        elif text is not None:
            sources.append(Source(path=path, text=text))
    return tuple(sources), tuple(findings)


def _refused(refused: Mapping[str, str], config: Config) -> Iterator[Diagnostic]:
    """What lies in the project and is not read; an error where it would be a chapter or hold some."""
    for path, why in sorted(refused.items()):
        holds_chapters = any(pattern.startswith(f"{path}/") for pattern in (*config.chapters, SOURCES))
        mild = None if holds_chapters or is_chapter(path, config) or matches(SOURCES, path) else Severity.WARNING
        message = f"{path} {why}"
        yield diagnostic("unreadable-file", message, Location(path=path), hint=_PUT_IT_THERE, severity=mild)
