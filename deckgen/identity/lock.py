"""deckgen.lock: what it knows, as records, and its text, JSON Lines; matching and stamping decide what it says."""

import hashlib
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from operator import attrgetter
from typing import Annotated, Any, TypeVar

import msgspec

from deckgen.diagnostics import DeckgenError, Diagnostic, diagnostic
from deckgen.model import Guid, Key, Location, parse_edition, replace
from deckgen.project.layout import LOCK_NAME
from deckgen.text.similarity import Sketch, is_sketch

VERSION = 2
"""The format's version. Raise it when an older deckgen would misread what this one writes."""

_Text = Annotated[str, msgspec.Meta(min_length=1)]
_Time = Annotated[int, msgspec.Meta(ge=0)]
_Key = Annotated[Key, msgspec.Meta(pattern=r"^[a-z0-9][a-z0-9-]{1,31}\Z")]
_Guid = Annotated[Guid, msgspec.Meta(min_length=1)]


class _Record(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True, gc=False):
    """A value of the lock: its fields are the members of a JSON object, in this order."""


class Stamp(_Record, frozen=True, kw_only=True):
    """When something that learners get last changed.

    ``hash`` is what it is now and ``time`` since when, in seconds since the epoch; ``inputs`` is the hash of what it
    was made from. ``shipped`` are hash and time of the last release, empty and 0 before the first. ``renew`` says that
    this release changed it for its learners, so that the next one gives it a later time once more.
    """

    hash: _Text
    time: _Time
    inputs: str
    shipped: tuple[str, _Time] = ("", 0)
    renew: bool = False

    @property
    def shipped_hash(self) -> str:
        return self.shipped[0]

    @property
    def shipped_time(self) -> int:
        return self.shipped[1]


class NoteRecord(_Record, frozen=True, kw_only=True, rename={"key": "note"}):
    """What is known of a note. ``title`` is folded; ``answer`` is a fingerprint.

    ``since`` is the version that first shipped the note, empty before. ``retired`` is None for a note whose question
    exists, else the first version without it, empty until that version is released. ``linked`` is the note that its
    question was found to be: a person's word, which outlives every merge. ``after`` is the note before it in its
    chapter, empty for the first, None where a lock does not tell.
    """

    key: _Key
    guid: _Guid
    chapter: _Text
    category: _Key
    after: str | None = None
    title: str
    answer: str
    sketch: Sketch
    since: str
    retired: str | None = None
    linked: _Key | None = None
    stamps: Mapping[str, Stamp]
    """By edition, sorted."""


class CategoryNames(_Record, frozen=True, kw_only=True):
    """What a category is called in one edition: its deck's name below the book's, its tag, its slug for file names."""

    deck: _Text
    tag: _Text
    slug: Annotated[str, msgspec.Meta(pattern=r"^[\w-]+\Z")]


class CategoryRecord(_Record, frozen=True, kw_only=True, rename={"key": "category"}):
    """A category under its folded title, and its names by edition, sorted.

    ``chapter`` is the path of its chapter or of a folder of pages, empty where an earlier deckgen took equal titles
    for one category.
    """

    key: _Key
    chapter: str = ""
    title: str
    names: Mapping[str, CategoryNames]


class NoteTypeRecord(_Record, frozen=True, kw_only=True):
    """An edition's note type with its stamp. ``fields`` and ``templates`` are ids by name, in the schema's order.

    ``sort`` is the index of the sort field; the first release freezes it too.
    """

    id: _Time
    fields: Mapping[str, int]
    templates: Mapping[str, int]
    sort: _Time = 0
    hash: _Text
    time: _Time
    inputs: str
    shipped: tuple[str, _Time] = ("", 0)

    @property
    def stamp(self) -> Stamp:
        return Stamp(hash=self.hash, time=self.time, inputs=self.inputs, shipped=self.shipped)


class EditionRecord(_Record, frozen=True, kw_only=True, rename={"name": "edition", "note_type_name": "name"}):
    """An edition's frozen names, and its note type, which is None until the edition has been built.

    ``root`` is the edition that it was before it gained a language, which its ids and GUIDs were made of; empty where
    that is itself.
    """

    name: _Text
    deck: _Text
    note_type_name: _Text
    root: str = ""
    note_type: NoteTypeRecord | None = None

    @property
    def released(self) -> bool:
        return self.note_type is not None and bool(self.note_type.stamp.shipped_hash)


class PendingRecord(_Record, frozen=True, kw_only=True, rename={"key": "pending"}):
    """A question that may be one of ``candidates`` or a new one, which would be ``key``: a person decides."""

    key: _Key
    chapter: _Text
    category: _Key
    title: str
    answer: str
    sketch: Sketch
    candidates: tuple[Key, ...]


class Lock(msgspec.Struct, frozen=True, kw_only=True):
    """The identity of everything that a project has ever shipped; each tuple is sorted by key or name."""

    project_id: str
    releases: tuple[str, ...] = ()
    """Versions, in the order of their release."""
    sources: str = ""
    """The revision of the chapters that the notes' texts are of; empty where it is not known."""
    editions: tuple[EditionRecord, ...] = ()
    categories: tuple[CategoryRecord, ...] = ()
    notes: tuple[NoteRecord, ...] = ()
    pending: tuple[PendingRecord, ...] = ()

    @property
    def stamps(self) -> tuple[Stamp, ...]:
        """Those of all notes and note types."""
        note_types = [edition.note_type.stamp for edition in self.editions if edition.note_type]
        return (*note_types, *(stamp for note in self.notes for stamp in note.stamps.values()))

    @property
    def questions(self) -> dict[Key, NoteRecord | PendingRecord]:
        """Every note and every pending question by its key."""
        return {record.key: record for records in (self.notes, self.pending) for record in records}

    @property
    def live(self) -> tuple[NoteRecord, ...]:
        return tuple(note for note in self.notes if note.retired is None)

    def root_of(self, edition: str) -> str:
        """The edition whose name the ids and GUIDs of this one are made of."""
        return next((record.root for record in self.editions if record.name == edition), "") or edition

    @property
    def chapters(self) -> frozenset[str]:
        """The chapters that have a question."""
        return frozenset([note.chapter for note in self.live] + [record.chapter for record in self.pending])


def with_records(lock: Lock, **records: Iterable[Any]) -> Lock:
    """The lock with these ``editions``, ``categories``, ``notes`` or ``pending`` questions, in any order."""
    groups: dict[str, Any] = {name: tuple(sorted(found, key=name_of)) for name, found in records.items()}
    return replace(lock, **groups)


def name_of(record: EditionRecord | CategoryRecord | NoteRecord | PendingRecord) -> str:
    """What tells a record from the others of its kind."""
    return record.name if isinstance(record, EditionRecord) else record.key


wording = attrgetter("title", "answer")
"""What a question asks, folded, and the fingerprint of its answer: of a note, a pending question, or Traits."""
SAID = ("title", "answer", "sketch")
"""The members that tell what a question says."""


def texts_of(record: NoteRecord | PendingRecord) -> dict[str, Any]:
    """Where a question stands and what it says: the members that notes and pending questions share."""
    return {name: getattr(record, name) for name in ("chapter", "category", *SAID)}


class HeaderRecord(_Record, frozen=True, kw_only=True, rename={"version": "deckgen-lock"}):
    """The first line; ``notes`` counts the notes, ``last`` is the last one's key, ``digest`` of the other lines."""

    version: int
    project: _Text
    releases: tuple[str, ...]
    sources: str = ""
    notes: _Time = 0
    last: str = ""
    digest: str = ""


AnyRecord = HeaderRecord | EditionRecord | CategoryRecord | PendingRecord | NoteRecord

_DECODERS = {
    kind: msgspec.json.Decoder(record)
    for kind, record in {
        "deckgen-lock": HeaderRecord,
        "edition": EditionRecord,
        "category": CategoryRecord,
        "pending": PendingRecord,
        "note": NoteRecord,
    }.items()
}
"""By the first member of a line's object, in the order of the lines."""
_KIND = re.compile(r'\{\s*"([a-z-]+)"\s*:')
_MARKERS = ("<<<<<<<", "|||||||", "=======", ">>>>>>>")


# --- writing ----------------------------------------------------------------------------------------------------------


def format_lock(lock: Lock) -> str:
    """The lock's text: a header, then a line per edition, category, pending question and note, each sorted by key.

    Keys are hashes, so lines that two branches add seldom touch; where they do, a union merge is right.
    """
    groups = (lock.editions, lock.categories, lock.pending, lock.notes)
    lines = [_line(record) for group in groups for record in sorted(group, key=name_of)]
    header = HeaderRecord(
        version=VERSION,
        project=lock.project_id,
        releases=lock.releases,
        sources=lock.sources,
        notes=len(lock.notes),
        last=max((note.key for note in lock.notes), default=""),
        digest=_digest(lines),
    )
    return b"\n".join((_line(header), *lines, b"")).decode()


def _line(record: AnyRecord) -> bytes:
    return msgspec.json.format(msgspec.json.encode(record), indent=0)


def _digest(lines: Iterable[bytes]) -> str:
    """Sixteen hexadecimal digits of the lines, whatever their order and however often each is there."""
    return hashlib.sha256(b"\n".join(sorted(set(lines)))).hexdigest()[:16]


# --- reading ----------------------------------------------------------------------------------------------------------


def require_lock(text: str) -> Lock:
    """The lock that a text holds. DeckgenError at the first thing wrong with it, which names the other lines too."""
    lock, problems = parse_lock(text)
    if lock is None:
        raise bad_lock(problems)
    return lock


def bad_lock(problems: Sequence[Diagnostic]) -> DeckgenError:
    """The error that names the first of the problems and the lines of the others."""
    first, *others = problems
    places = ", ".join(str(found.location.line) for found in others if found.location)
    message = f"{first.message}; more is wrong at line {places}" if places else first.message
    return DeckgenError(message, hint=first.hint, location=first.location)


def parse_lock(text: str) -> tuple[Lock | None, tuple[Diagnostic, ...]]:
    """The lock that a text holds, or None with every ``bad-lock`` finding, each at its line.

    A line that is there twice, letter by letter, counts once: a union merge repeats lines between two insertions.
    """
    if (intact := _parse_intact(text)) is not None:
        return intact, ()
    lines = numbered_lines(text)
    findings = _markers(lines) or _header_findings(lines)
    if findings:
        return None, findings
    records, findings = parse_lines(lines)
    findings = (*findings, *_repeated(records), *_dangling(records)) or _incomplete(records, lines)
    if findings:
        return None, tuple(sorted(findings, key=lambda found: found.location or Location(path=LOCK_NAME)))
    return lock_of(record for _, record in records), ()


def _parse_intact(text: str) -> Lock | None:
    """The lock of a text that is what its header was written for, which needs no more looking at; None of any other."""
    first, _, body = text.encode().partition(b"\n")
    try:
        header = _DECODERS["deckgen-lock"].decode(first)
        lines = body.rstrip(b"\n").split(b"\n") if body.strip(b"\n") else []
        if header.version != VERSION or _digest(lines) != header.digest:
            return None
        groups = {kind: b"\n".join(found) for kind, found in groupby(lines, lambda line: line[2 : line.find(b'"', 2)])}
        records = [record for kind, found in groups.items() for record in _DECODERS[kind.decode()].decode_lines(found)]
        return lock_of([header, *records])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, KeyError):
        return None


def numbered_lines(text: str) -> dict[str, int]:
    """Every line that is not blank, once, with its number."""
    lines: dict[str, int] = {}
    for number, line in enumerate(text.split("\n"), start=1):
        if plain := line.strip():
            lines.setdefault(plain, number)
    return lines


def _markers(lines: Mapping[str, int]) -> tuple[Diagnostic, ...]:
    hint = "run “deckgen lock merge”, then “deckgen build”; "
    hint += "with “deckgen.lock merge=union” in .gitattributes Git leaves no markers"
    message = "a merge left its conflict marker here"
    return tuple(_bad(message, number, hint, line) for line, number in lines.items() if line.startswith(_MARKERS))


def _bad(message: str, line: int, hint: str, excerpt: str = "") -> Diagnostic:
    return diagnostic("bad-lock", message, Location(path=LOCK_NAME, line=line), hint=hint, excerpt=excerpt)


def _header_findings(lines: Mapping[str, int]) -> tuple[Diagnostic, ...]:
    restore = "restore the file from its last commit; never delete it: learners' progress hangs on it"
    line, number = next(iter(lines.items()), ("", 1))
    try:
        version = msgspec.json.decode(line)["deckgen-lock"]
    except (msgspec.MsgspecError, TypeError, KeyError, RecursionError):
        message = "the first line is not a lock's header" if line else "the lock is empty"
        return (_bad(message, number, restore, line),)
    if type(version) is not int or version < 1:
        return (_bad("the format's version is not a number", number, restore, line),)
    message = f"the lock has format {version}; this deckgen reads up to {VERSION}"
    return (_bad(message, number, "install a newer deckgen", line),) if version > VERSION else ()


Numbered = list[tuple[int, AnyRecord]]
"""Records with the numbers of their lines."""


def parse_lines(lines: Mapping[str, int]) -> tuple[Numbered, tuple[Diagnostic, ...]]:
    """The records of the lines that can be read, and a finding for each that cannot; markers of a merge left out."""
    records: Numbered = []
    findings: list[Diagnostic] = []
    for line, number in lines.items():
        if line.startswith(_MARKERS):
            continue
        found = _KIND.match(line)
        kind = found[1] if found else ""
        try:
            if kind not in _DECODERS:
                raise msgspec.ValidationError(f"does not begin with one of {', '.join(_DECODERS)}")
            record = _DECODERS[kind].decode(line)
            if isinstance(record, NoteRecord | PendingRecord) and not is_sketch(record.sketch):
                raise msgspec.ValidationError("has a sketch that cannot be read")
            if isinstance(record, EditionRecord):
                parse_edition(record.name)
                if record.note_type and record.note_type.sort >= len(record.note_type.fields):
                    raise msgspec.ValidationError("sorts by a field that it does not have")
            records.append((number, record))
        except (msgspec.DecodeError, ValueError, RecursionError) as error:
            message = f"the line cannot be read: {error or 'it is nested too deeply'}"
            unknown = "; was the lock written by a newer deckgen?" if "unknown field" in message else ""
            findings.append(_bad(message, number, f"restore the line from its last commit{unknown}", line[:200]))
    return records, tuple(findings)


_R = TypeVar("_R", HeaderRecord, EditionRecord, CategoryRecord, PendingRecord, NoteRecord)


def of_kind(records: Iterable[AnyRecord], kind: type[_R]) -> tuple[_R, ...]:
    """The records of one kind."""
    return tuple(record for record in records if isinstance(record, kind))


def lock_of(records: Iterable[AnyRecord]) -> Lock:
    """The lock that these records make, of which one is a header."""
    found = tuple(records)
    header = of_kind(found, HeaderRecord)[0]
    return with_records(
        Lock(project_id=header.project, releases=header.releases, sources=header.sources),
        editions=of_kind(found, EditionRecord),
        categories=of_kind(found, CategoryRecord),
        notes=of_kind(found, NoteRecord),
        pending=of_kind(found, PendingRecord),
    )


# --- what lines say of each other -------------------------------------------------------------------------------------


def _repeated(records: Numbered) -> Iterable[Diagnostic]:
    """What must occur once and occurs again: keys, GUIDs, categories, editions, the header."""
    names: dict[str, list[int]] = defaultdict(list)
    guids: dict[str, dict[Key, int]] = defaultdict(dict)
    kinds = {EditionRecord: "edition", CategoryRecord: "category", NoteRecord: "key", PendingRecord: "key"}
    for number, record in records:
        what = "the header" if isinstance(record, HeaderRecord) else f"{kinds[type(record)]} “{name_of(record)}”"
        names[what].append(number)
        if isinstance(record, NoteRecord):
            guids[record.guid].setdefault(record.key, number)
    names |= {f"GUID “{guid}”": [*places.values()] for guid, places in guids.items()}
    for what, (first, *others) in names.items():
        for number in others:
            hint = f"where a merge of two branches brought lines {first} and {number} together, run “deckgen lock "
            hint += "merge”, then “deckgen build”; else restore the lines from their last commit"
            yield _bad(f"{what} is on line {first} already", number, hint)


def _dangling(records: Numbered) -> Iterable[Diagnostic]:
    """Notes of a category, and candidates, that the lock does not have."""
    categories = {record.key for _, record in records if isinstance(record, CategoryRecord)}
    notes = {record.key for _, record in records if isinstance(record, NoteRecord)}
    for number, record in records:
        if not isinstance(record, NoteRecord | PendingRecord):
            continue
        needed = [("is of category", record.category)] if record.category not in categories else []
        others = [record.linked] if isinstance(record, NoteRecord) else record.candidates
        verb = "is linked to note" if isinstance(record, NoteRecord) else "may be note"
        needed += [(verb, other) for other in others if other and other not in notes]
        for said, missing in needed:
            message = f"“{record.key}” {said} “{missing}”, which the lock does not have"
            yield _bad(message, number, "restore the missing line from its last commit")


def _incomplete(records: Numbered, lines: Mapping[str, int]) -> tuple[Diagnostic, ...]:
    """That the lines are not those which the header was written for: cut off, lost or changed."""
    number, header = records[0]
    if not isinstance(header, HeaderRecord) or (header.version == 1 and not header.digest):
        return ()
    _, *others = lines
    if _digest(line.encode() for line in others) == header.digest:
        return ()
    message = missing_notes(header, (record for _, record in records)) or "a line was changed, or lost, by hand"
    hint = "restore it: “git checkout HEAD -- deckgen.lock”; after a merge or an edit that is meant run "
    return (_bad(f"the lock is not as it was written: {message}", number, f"{hint}“deckgen lock merge”"),)


def missing_notes(header: HeaderRecord, records: Iterable[AnyRecord]) -> str:
    """What a header says against these records being all; empty where it agrees. No note ever leaves a lock."""
    keys = {note.key for note in of_kind(records, NoteRecord)}
    if len(keys) < header.notes:
        return f"its header tells of {header.notes} notes, and there are {len(keys)}"
    if header.last and header.last not in keys:
        return f"its header tells of note “{header.last}”, which is missing"
    return ""
