"""Begins a project: copies a book's chapters and images, or an example, and writes the files that a project has."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, metadata
from pathlib import Path, PurePosixPath
from urllib.parse import unquote

from msgspec import Struct

from deckgen import __version__
from deckgen.chapters import Explanation, explain_structure, parse_chapter
from deckgen.chapters.evidence import Evidence
from deckgen.diagnostics import DeckgenError
from deckgen.markdown import parse_document
from deckgen.model import Chapter, Context, Dialect, Markdown
from deckgen.project.config import Config
from deckgen.project.discovery import choose_chapters
from deckgen.project.encoding import decode_source
from deckgen.project.files import read_file, read_optional, survey, write_atomically
from deckgen.project.history import repository_address
from deckgen.project.layout import CONFIG_NAME, LOCK_NAME, is_skipped
from deckgen.project.reading import IMAGE_SUFFIXES, Project
from deckgen.text.packaged import packaged_text
from deckgen.text.slugs import ascii_slug

SCHEMA_NAME = ".deckgen.schema.json"
"""What editors complete deckgen.toml by, beside it."""
WORKFLOW_PATH = ".github/workflows/deck.yml"
IGNORED = ("/build/", "/.cache/")
_SOURCE = "source"
_MOST_IMAGE_BYTES = 100 * 1024 * 1024


class Reading(Struct, frozen=True, kw_only=True):
    """A chapter as it would be read, and why."""

    chapter: Chapter
    explanation: Explanation

    @property
    def count(self) -> int:
        return sum(len(category.questions) for category in self.chapter.categories)

    @property
    def choices(self) -> tuple[tuple[str, Evidence], ...]:
        """How else it may be read, by the setting that chooses each; none where more than headings' levels tells."""
        return self.explanation.alternatives if self.explanation.weak else ()


def copied_files(origins: Sequence[Path]) -> Mapping[str, bytes]:
    """What a project that is made from these files and folders holds: their chapters and the images these name.

    DeckgenError for an origin that is not there or holds no chapter, and for two files of one name.
    """
    found: dict[str, bytes] = {}
    folders = sum(origin.is_dir() for origin in origins)
    for origin in origins:
        inner = f"{_SOURCE}/{origin.resolve().name}" if origin.is_dir() and folders > 1 else _SOURCE
        for name, data in _copied(origin):
            path = f"{inner}/{name}"
            if found.setdefault(path, data) != data:
                raise DeckgenError(f"two files would be {path}", hint="begin with one of them, and copy the other")
    return found


def _copied(origin: Path) -> Iterator[tuple[str, bytes]]:
    """Path and bytes of each file to copy from one origin."""
    if not origin.exists():
        raise DeckgenError(f"there is no {origin}", hint="name Markdown files, or folders that hold some")
    root = origin if origin.is_dir() else origin.parent
    known, _ = survey(root, skip=is_skipped)
    chosen = choose_chapters(known, Config(), () if origin.is_dir() else (origin.name,), settled=False)
    data = {path: read_file(root / path, inside=root) for path in chosen.paths}
    texts = {path: decode_source(raw, path)[0] or "" for path, raw in data.items()}
    data = {path: raw for path, raw in data.items() if path not in chosen.no_chapters(texts)}
    if not data:
        raise DeckgenError(f"there is no chapter in {origin}", hint="chapters are Markdown files with questions")
    yield from data.items()
    every = unquote("\n".join(texts.values()))
    for path in sorted(known):
        name = PurePosixPath(path)
        if name.suffix.lower() in IMAGE_SUFFIXES and name.name in every:
            yield path, read_file(root / path, inside=root, most=_MOST_IMAGE_BYTES)


def example_files() -> Mapping[str, bytes]:
    """A small book with an image and a translation."""
    folder = Path(__file__).parent / "templates/example"
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}


def write_files(root: Path, contents: Mapping[str, bytes]) -> tuple[str, ...]:
    """Writes files that are not there yet, and names them. DeckgenError for one that is, before any is written."""
    if there := [path for path, data in contents.items() if (root / path).exists()]:
        raise DeckgenError(f"{there[0]} is there already", hint="begin in an empty folder, or without --from")
    for path, data in contents.items():
        write_atomically(root / path, data)
    return tuple(contents)


def read_book(project: Project) -> tuple[Reading, ...]:
    """Every chapter as a build would read it."""
    return tuple(
        Reading(
            chapter=parse_chapter(source.text, path=source.path, settings=settings)[0],
            explanation=explain_structure(source.text, settings=settings),
        )
        for source in project.sources
        for settings in (project.config.settings_for(source.path),)
    )


_HEADING = re.compile(r"^#[ \t]+(\S.*?)[ \t#]*$", re.MULTILINE)


def default_title(project: Project, readings: Sequence[Reading]) -> str:
    """The chapter's title of a book of one chapter, else the heading of its README, else the folder's name."""
    if len(readings) == 1:
        return str(readings[0].chapter.title)
    title = ""
    with suppress(DeckgenError):  # one that nobody can read is no title
        heading = _HEADING.search(read_optional(project.root / "README.md", inside=project.root) or "")
        title = parse_document(Markdown(heading[1]), Context(dialect=Dialect.GFM)).plain_text if heading else ""
    return title or project.root.resolve().name


def project_files(project: Project, readings: Sequence[Reading], *, title: str) -> Mapping[str, bytes]:
    """The settings, what editors complete them by, what git ignores and merges, the workflow: those not there yet."""
    ignore = project.root / ".gitignore"
    before = ignore.read_text(encoding="utf-8", errors="replace") if ignore.is_file() else ""
    missing = [line for line in IGNORED if line.strip("/") not in before.replace("/", "").split("\n")]
    found = {CONFIG_NAME: _settings(project, readings, title)}
    if missing:
        end = "\n" if before and not before.endswith("\n") else ""
        found[".gitignore"] = f"{before}{end}" + "".join(f"{line}\n" for line in missing)
    if not (project.root / ".gitattributes").exists():
        found[".gitattributes"] = f"{LOCK_NAME} merge=union\n"
    found[SCHEMA_NAME] = packaged_text("templates/init/deckgen.schema.json")
    if not (project.root / WORKFLOW_PATH).exists():
        found[WORKFLOW_PATH] = workflow_text()
    return {path: text.encode() for path, text in found.items()}


def workflow_text() -> str:
    """The GitHub workflow of a book, which calls that of deckgen's repository, at this version.

    Where the installed package does not name its repository, a maintainer puts it there.
    """
    told, repository = " # OWNER: whose deckgen you use", ""
    with suppress(PackageNotFoundError):
        links = metadata("deckgen-anki").get_all("Project-URL") or []
        places = [link.partition("https://github.com/")[2] for link in links if link.startswith("Repository,")]
        repository = "".join(places[:1]).strip("/")
    text = packaged_text("templates/init/workflow.yml").replace("OWNER/deckgen", repository or "OWNER/deckgen")
    return text.replace("vVERSION", f"v{__version__}{'' if repository else told}")


def _settings(project: Project, readings: Sequence[Reading], title: str) -> str:
    config = project.config
    editions = ", ".join(f'"{edition.name}"' for edition in config.editions)
    origin = repository_address(project.root)
    lines = [
        f"#:schema ./{SCHEMA_NAME}",
        "# The settings of this book. All of them, each with its meaning: docs/settings.md of deckgen.",
        "[deck]",
        f"id = {_quoted(ascii_slug(title) or 'book')}  # never change it once somebody learns from it",
        f"title = {_quoted(title)}",
        f"language = {_quoted(config.language)}  # of the chapters",
        f"editions = [{editions}]  # the first language is shown, the others are behind a tap",
        f"{'' if origin else '# '}origin = {_quoted(origin or 'https://…')}  # where the text comes from",
        '# licence = "CC-BY-4.0"',
        '# exclude = ["drafts/**"]  # pages that are no chapters',
    ]
    for reading in readings:
        lines += ["", f"[chapters.{_quoted(reading.chapter.path)}]"] if reading.choices else []
        for choice, item in reading.choices:
            now = ", as it is read now" if item == reading.explanation.chosen else ""
            lines.append(f"# {choice}  # {item.count} × {item.mark}{now}")
    return "\n".join(lines) + "\n"


def _quoted(text: str) -> str:
    """A TOML string; JSON's escapes are TOML's too."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
