"""What a release shipped, and what its folder holds, as values and as text: ``releases/X.Y.Z.jsonl``, ``release.json``
and ``SHA256SUMS``, described in docs/release-record.md.
"""

import hashlib
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any, TypeVar

import msgspec

from deckgen.diagnostics import DeckgenError
from deckgen.model import Guid, Key, Language, Location, TextState, replace

_V = TypeVar("_V")
RECORD_VERSION = 1
"""The format's version. Raise it when an older deckgen would misread what this one writes."""
MANIFEST_VERSION = 1
MANIFEST_NAME = "release.json"
FORMER_NAME = "manifest.json"
"""What the manifest of the release 0.1.0 is called, as that of a build still is."""
SUMS_NAME = "SHA256SUMS"
_SUM = re.compile(r"([0-9a-f]{64}) [ *](.+)", re.ASCII)


class RecordedText(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a note says in one language: plain text, the answer with a line per paragraph, item or table row."""

    question: str
    answer: str
    note: str = ""
    """The editor's note."""
    state: TextState

    @property
    def sides(self) -> Mapping[str, str]:
        return {"question": self.question, "answer": self.answer, "note": self.note}


class RecordedCopy(msgspec.Struct, frozen=True, kw_only=True):
    """A note as one edition has it; ``time`` in seconds since the epoch, ``hash`` of all that the learner gets."""

    guid: Guid
    hash: str
    time: int


class RecordedNote(msgspec.Struct, frozen=True, kw_only=True, rename={"key": "note"}):
    """``copies`` by edition; ``texts`` by language, the source's first, those of a missing translation left out.

    ``media`` holds the identities of the images, which do not vary with what they are made for.
    """

    key: Key
    category: Key
    copies: dict[str, RecordedCopy]
    texts: dict[Language, RecordedText]
    media: tuple[str, ...]


class RecordedCategory(msgspec.Struct, frozen=True, kw_only=True, rename={"key": "category"}):
    """``titles`` are plain text by language, ``decks`` the full names of its decks by edition."""

    key: Key
    titles: dict[Language, str]
    decks: dict[str, str]


class RecordedEdition(msgspec.Struct, frozen=True, kw_only=True, rename={"name": "edition"}):
    """What Anki knows an edition by. ``fields`` and ``templates`` are ids in the order of the schema.

    ``look`` is a hash of templates and style without the marks of changed cards, ``description`` one of what the deck
    says of itself, version apart; both are empty where nothing is known of them.
    """

    name: str
    deck: str
    note_type: int
    note_type_name: str
    fields: tuple[int, ...]
    templates: tuple[int, ...]
    look: str = ""
    description: str = ""


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that a release, or a package, holds. Categories and notes are in the order of the cards.

    ``version`` and ``project_id`` are empty and ``time`` is 0 where they are not known. ``language`` is the source's.
    """

    version: str
    time: int
    project_id: str
    language: Language
    editions: tuple[RecordedEdition, ...]
    categories: tuple[RecordedCategory, ...]
    notes: tuple[RecordedNote, ...]

    @property
    def by_edition(self) -> Mapping[str, RecordedEdition]:
        return {edition.name: edition for edition in self.editions}


def rename_editions(record: Record, names: Mapping[str, str]) -> Record:
    """The record with other names for some of its editions."""

    def renamed(values: Mapping[str, _V]) -> dict[str, _V]:
        return {names.get(name, name): value for name, value in values.items()}

    return replace(
        record,
        editions=tuple(replace(item, name=names.get(item.name, item.name)) for item in record.editions),
        categories=tuple(replace(item, decks=renamed(item.decks)) for item in record.categories),
        notes=tuple(replace(item, copies=renamed(item.copies)) for item in record.notes),
    )


# --- as text ----------------------------------------------------------------------------------------------------------


class _Header(msgspec.Struct, frozen=True, kw_only=True, rename={"format": "deckgen-release", "project_id": "project"}):
    format: Annotated[int, msgspec.Meta(ge=1)]
    version: str
    time: int
    project_id: str
    language: Language


LINES = (_Header, RecordedEdition, RecordedCategory, RecordedNote)
"""The kinds of lines; members of theirs that this version does not know are passed over."""
_DECODERS = {msgspec.structs.fields(line)[0].encode_name: msgspec.json.Decoder(line) for line in LINES}
"""By the first member of a line's object."""
_KIND = re.compile(r'\s*\{\s*"([a-z-]+)"\s*:')


def format_record(record: Record) -> str:
    """The record's text: a header, then a line per edition, category and note."""
    header = _Header(
        format=RECORD_VERSION,
        version=record.version,
        time=record.time,
        project_id=record.project_id,
        language=record.language,
    )
    lines = (header, *record.editions, *record.categories, *record.notes)
    return "".join(msgspec.json.format(msgspec.json.encode(line), indent=0).decode() + "\n" for line in lines)


def parse_record(text: str, path: str) -> Record:
    """The record that a text holds. DeckgenError, at its line, for anything that is none."""
    lines: dict[type, list[Any]] = defaultdict(list)
    categories: set[str] = set()
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        try:
            found = _KIND.match(line)
            kind = found[1] if found else ""
            if (kind == "deckgen-release") is bool(lines):
                raise ValueError("it is a second header" if lines else "the first line is no header")
            known = msgspec.json.decode(line)[kind] if not lines else RECORD_VERSION
            if isinstance(known, int) and known > RECORD_VERSION:
                raise ValueError(f"it has format {known}; this deckgen reads up to {RECORD_VERSION}")
            value = _DECODERS[kind].decode(line)
            if isinstance(value, RecordedCategory):
                categories.add(value.key)
            elif isinstance(value, RecordedNote) and value.category not in categories:
                raise ValueError("no line above it has its category")
        except (ValueError, KeyError, RecursionError) as error:
            reason = "it is of no known kind" if isinstance(error, KeyError) else str(error)
            raise _bad_record(f"not a line of a release record: {reason}", path, number) from error
        lines[type(value)].append(value)
    if not lines:
        raise _bad_record("it is empty", path, 1)
    header = lines[_Header][0]
    return Record(
        version=header.version,
        time=header.time,
        project_id=header.project_id,
        language=header.language,
        editions=tuple(lines[RecordedEdition]),
        categories=tuple(lines[RecordedCategory]),
        notes=tuple(lines[RecordedNote]),
    )


def _bad_record(message: str, path: str, line: int) -> DeckgenError:
    hint = "a release record never changes: restore it from the release's tag or folder"
    return DeckgenError(message, hint=hint, location=Location(path=path, line=line))


# --- the folder -------------------------------------------------------------------------------------------------------


class FileSum(msgspec.Struct, frozen=True, kw_only=True):
    """A file of the folder by its name, with its size and its SHA-256 in hex."""

    file: str
    bytes: int
    sha256: str


class ReleasedPackage(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A package: ``category`` is a category's key, or ``chapter`` a chapter's title beside its ``categories``; a
    package of all has neither.
    """

    file: str
    edition: str
    category: str | None
    profile: str
    notes: int
    chapter: str | None = None
    categories: tuple[str, ...] = ()

    @property
    def first_category(self) -> str:
        """Of a part; empty for the package of all."""
        return self.category or "".join(self.categories[:1])

    def holds(self, category: str) -> bool:
        """Whether the notes of a category are in it."""
        return category in self.categories if self.chapter else self.category in (None, category)


class ReleasedMedia(msgspec.Struct, frozen=True, kw_only=True):
    """An image as the packages of one profile hold it."""

    identity: str
    profile: str
    file: str
    bytes: int
    sha256: str


class ReleasedNote(msgspec.Struct, frozen=True, kw_only=True, rename={"times": "modified"}):
    """Each of these is by edition; ``media`` are identities."""

    key: str
    category: str
    guids: dict[str, str]
    hashes: dict[str, str]
    times: dict[str, int]
    media: tuple[str, ...]


class ReleaseManifest(
    msgspec.Struct, frozen=True, kw_only=True, rename={"schema": "release-manifest", "project_id": "project"}
):
    """What a release folder holds, itself and its sums apart."""

    schema: int
    project_id: str
    version: str
    time: int
    origin: str
    licence: str
    packages: tuple[ReleasedPackage, ...]
    notes: tuple[ReleasedNote, ...]
    media: tuple[ReleasedMedia, ...]
    files: tuple[FileSum, ...]


def sum_file(path: Path) -> FileSum:
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256")
    return FileSum(file=path.name, bytes=path.stat().st_size, sha256=digest.hexdigest())


def released_notes(record: Record) -> tuple[ReleasedNote, ...]:
    return tuple(
        ReleasedNote(
            key=note.key,
            category=note.category,
            guids={edition: copy.guid for edition, copy in note.copies.items()},
            hashes={edition: copy.hash for edition, copy in note.copies.items()},
            times={edition: copy.time for edition, copy in note.copies.items()},
            media=note.media,
        )
        for note in record.notes
    )


def format_sums(files: Iterable[FileSum]) -> str:
    """What ``sha256sum -c`` reads, sorted by name."""
    return "".join(f"{item.sha256}  {item.file}\n" for item in sorted(files, key=lambda item: item.file))


def parse_sums(text: str) -> Mapping[str, str]:
    """File name → SHA-256. ValueError, with the reason as its text, for a line of another form or a repeated name."""
    sums: dict[str, str] = {}
    for number, line in enumerate(text.splitlines(), 1):
        found = _SUM.fullmatch(line)
        if not found:
            raise ValueError(f"line {number} is no sum of a file")
        if found[2] in sums:
            raise ValueError(f"line {number} names {found[2]} again")
        sums[found[2]] = found[1]
    return sums


def format_manifest(manifest: ReleaseManifest) -> str:
    return msgspec.json.format(msgspec.json.encode(manifest), indent=1).decode() + "\n"


def parse_manifest(text: str) -> ReleaseManifest:
    """The manifest. ValueError, with the reason and its place as its text, for anything that is none."""
    try:
        manifest = msgspec.json.decode(text, type=ReleaseManifest)
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error
    if not 1 <= manifest.schema <= MANIFEST_VERSION:
        raise ValueError(f"it has schema {manifest.schema}; this deckgen reads up to {MANIFEST_VERSION}")
    return manifest
