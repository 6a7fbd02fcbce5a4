"""The text of deckgen.lock, JSON Lines, as docs/lock-format.md has it; matching and stamping decide what it says."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from deckgen.diagnostics import DeckgenError, Diagnostic, diagnostic
from deckgen.identity.lock_records import (
    CategoryNames,
    CategoryRecord,
    EditionRecord,
    Lock,
    NoteRecord,
    NoteTypeRecord,
    PendingRecord,
    Stamp,
)
from deckgen.keys import is_key
from deckgen.model import Guid, Key, Location
from deckgen.text.similarity import Sketch, format_sketch, parse_sketch

__all__ = [
    "VERSION",
    "CategoryNames",
    "CategoryRecord",
    "EditionRecord",
    "Lock",
    "NoteRecord",
    "NoteTypeRecord",
    "PendingRecord",
    "Stamp",
    "format_lock",
    "parse_lock",
    "require_lock",
]

VERSION = 1
"""The format's version. Raise it when an older deckgen would misread what this one writes."""


# --- writing ----------------------------------------------------------------------------------------------------------


def format_lock(lock: Lock) -> str:
    """The lock's text: a header, then a line per edition, category, pending question and note, each sort by key.

    Keys are hashes, so lines that two branches add seldom touch; where they do, a union merge is right.
    """
    objects: list[dict[str, Any]] = [
        {"deckgen-lock": VERSION, "project": lock.project_id, "releases": list(lock.releases)}
    ]
    objects += [_edition_object(edition) for edition in sorted(lock.editions, key=lambda edition: edition.name)]
    objects += [_category_object(category) for category in sorted(lock.categories, key=lambda category: category.key)]
    objects += [_pending_object(pending) for pending in sorted(lock.pending, key=lambda pending: pending.key)]
    objects += [_note_object(note) for note in sorted(lock.notes, key=lambda note: note.key)]
    return "".join(json.dumps(value, ensure_ascii=False) + "\n" for value in objects)


def _edition_object(edition: EditionRecord) -> dict[str, Any]:
    value: dict[str, Any] = {"edition": edition.name, "deck": edition.deck, "name": edition.note_type_name}
    if edition.note_type:
        value["note_type"] = {
            "id": edition.note_type.id,
            "fields": dict(edition.note_type.fields),
            "templates": dict(edition.note_type.templates),
            **_stamp_object(edition.note_type.stamp),
        }
    return value


def _category_object(category: CategoryRecord) -> dict[str, Any]:
    names = {
        edition: {"deck": frozen.deck, "tag": frozen.tag, "slug": frozen.slug} for edition, frozen in category.names
    }
    return {"category": category.key, "title": category.title, "names": names}


def _pending_object(pending: PendingRecord) -> dict[str, Any]:
    return {
        "pending": pending.key,
        "chapter": pending.chapter,
        "category": pending.category,
        "title": pending.title,
        "answer": pending.answer,
        "sketch": format_sketch(pending.sketch),
        "candidates": list(pending.candidates),
    }


def _note_object(note: NoteRecord) -> dict[str, Any]:
    value: dict[str, Any] = {
        "note": note.key,
        "guid": note.guid,
        "chapter": note.chapter,
        "category": note.category,
        "title": note.title,
        "answer": note.answer,
        "sketch": format_sketch(note.sketch),
        "since": note.since,
    }
    if note.retired is not None:
        value["retired"] = note.retired
    value["stamps"] = {edition: _stamp_object(stamp) for edition, stamp in sorted(note.stamps)}
    return value


def _stamp_object(stamp: Stamp) -> dict[str, Any]:
    value: dict[str, Any] = {"hash": stamp.hash, "time": stamp.time, "inputs": stamp.inputs}
    if stamp.shipped_hash:
        value["shipped"] = [stamp.shipped_hash, stamp.shipped_time]
    return value


# --- reading ----------------------------------------------------------------------------------------------------------


class _LineError(Exception):
    """A line that says something it must not; the text completes “the line …”."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


def require_lock(text: str, path: str) -> Lock:
    """The lock that a text holds. DeckgenError at the first thing wrong with it, which names the other lines too."""
    lock, problems = parse_lock(text, path)
    if lock is None or problems:
        first, *others = problems
        places = ", ".join(str(found.location.line) for found in others if found.location)
        message = f"{first.message}; more is wrong at line {places}" if places else first.message
        raise DeckgenError(message, hint=first.hint, location=first.location)
    return lock


def parse_lock(text: str, path: str) -> tuple[Lock | None, tuple[Diagnostic, ...]]:
    """The lock that a text holds, or None with every ``bad-lock`` finding, each at its line.

    A line that is there twice, letter by letter, counts once: a union merge repeats lines between two insertions.
    """
    lines: dict[str, int] = {}
    for number, line in enumerate(text.split("\n"), start=1):
        if line.strip():
            lines.setdefault(line.strip(), number)
    findings = _markers(lines, path) or _header_findings(lines, path)
    if findings:
        return None, findings
    return _parse_lines(lines, path)


def _markers(lines: Mapping[str, int], path: str) -> tuple[Diagnostic, ...]:
    return tuple(
        diagnostic(
            "bad-lock",
            "a merge left its conflict marker here",
            Location(path=path, line=number),
            hint="run “deckgen lock merge”, then “deckgen build”; "
            "with “deckgen.lock merge=union” in .gitattributes Git leaves no markers",
            excerpt=line,
        )
        for line, number in lines.items()
        if line.startswith(("<<<<<<<", "|||||||", "=======", ">>>>>>>"))
    )


def _header_findings(lines: Mapping[str, int], path: str) -> tuple[Diagnostic, ...]:
    restore = "restore the file from its last commit; never delete it: learners' progress hangs on it"
    if not lines:
        return (diagnostic("bad-lock", "the lock is empty", Location(path=path), hint=restore),)
    line, number = next(iter(lines.items()))
    where = Location(path=path, line=number)
    try:
        version = json.loads(line)["deckgen-lock"]
    except (ValueError, TypeError, KeyError, RecursionError):
        return (diagnostic("bad-lock", "the first line is not a lock's header", where, hint=restore, excerpt=line),)
    if not _is_int(version) or version < 1:
        return (diagnostic("bad-lock", "the format's version is not a number", where, hint=restore, excerpt=line),)
    if version > VERSION:
        message = f"the lock has format {version}; this deckgen reads up to {VERSION}"
        return (diagnostic("bad-lock", message, where, hint="install a newer deckgen", excerpt=line),)
    return ()


def _parse_lines(lines: Mapping[str, int], path: str) -> tuple[Lock | None, tuple[Diagnostic, ...]]:
    parsed: dict[str, list[tuple[int, Any]]] = {kind: [] for kind in _PARSERS}
    findings: list[Diagnostic] = []
    for line, number in lines.items():
        try:
            kind, value = _parse_line(line)
            parsed[kind].append((number, value))
        except _LineError as bad:
            where = Location(path=path, line=number)
            findings.append(diagnostic("bad-lock", f"the line {bad}", where, hint=bad.hint, excerpt=line[:200]))
    findings += _repeated(parsed, path)
    findings += _dangling(parsed, path)
    if findings:
        return None, tuple(sorted(findings, key=lambda finding: finding.location or Location(path=path)))
    project_id, releases = parsed["deckgen-lock"][0][1]
    values = {kind: tuple(value for _, value in found) for kind, found in parsed.items()}
    lock = Lock(
        project_id=project_id,
        releases=releases,
        editions=tuple(sorted(values["edition"], key=lambda edition: edition.name)),
        categories=tuple(sorted(values["category"], key=lambda category: category.key)),
        notes=tuple(sorted(values["note"], key=lambda note: note.key)),
        pending=tuple(sorted(values["pending"], key=lambda pending: pending.key)),
    )
    return lock, ()


def _parse_line(line: str) -> tuple[str, Any]:
    try:
        value = json.loads(line, object_pairs_hook=_without_repeats)
    except (ValueError, RecursionError) as error:
        raise _LineError(f"is not JSON: {error}", "restore the line from its last commit") from error
    if not isinstance(value, dict):
        raise _LineError("is not a JSON object", "restore the line from its last commit")
    kind = next(iter(value), "")
    if kind not in _PARSERS:
        raise _LineError(f"does not begin with one of {', '.join(_PARSERS)}", "restore the line from its last commit")
    reader = _Reader(value)
    parsed = _PARSERS[kind](reader)
    reader.close()
    return kind, parsed


def _without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        raise ValueError("it names something twice")
    return value


class _Reader:
    """Takes an object's members one by one, checking the type of each; `close` finds those that nobody took."""

    def __init__(self, value: Mapping[str, Any]) -> None:
        self._rest = dict(value)

    def take(self, name: str, default: Any = None) -> Any:
        if name not in self._rest:
            if default is None:
                raise _LineError(f"lacks “{name}”", "restore the line from its last commit")
            return default
        return self._rest.pop(name)

    def text(self, name: str, *, empty: bool = False) -> str:
        value = self.take(name)
        if not isinstance(value, str) or not (value or empty):
            raise _LineError(f"must have a text for “{name}”", "restore the line from its last commit")
        return value

    def key(self, name: str) -> Key:
        value = self.text(name)
        if not is_key(value):
            raise _LineError(
                f"has “{value}” for “{name}”, which is no key", "keys have 2 to 32 of a–z, 0–9 and hyphens"
            )
        return Key(value)

    def number(self, name: str) -> int:
        value = self.take(name)
        if not _is_int(value) or value < 0:
            raise _LineError(f"must have a whole number for “{name}”", "restore the line from its last commit")
        return int(value)

    def texts(self, name: str) -> tuple[str, ...]:
        value = self.take(name)
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise _LineError(f"must have a list of texts for “{name}”", "restore the line from its last commit")
        return tuple(value)

    def readers(self, name: str) -> tuple[tuple[str, _Reader], ...]:
        value = self.take(name)
        if not isinstance(value, dict) or not all(isinstance(item, dict) for item in value.values()):
            raise _LineError(f"must have objects by name for “{name}”", "restore the line from its last commit")
        return tuple((inner, _Reader(item)) for inner, item in sorted(value.items()))

    def sketch(self) -> Sketch:
        try:
            return parse_sketch(self.text("sketch"))
        except ValueError as error:
            raise _LineError("has a sketch that cannot be read", "restore the line from its last commit") from error

    def ids(self, name: str) -> tuple[tuple[str, int], ...]:
        """Names with ids, in their order."""
        value = self.take(name)
        if not isinstance(value, dict) or not all(_is_int(item) for item in value.values()):
            raise _LineError(f"must have numbers by name for “{name}”", "restore the line from its last commit")
        return tuple(value.items())

    def close(self) -> None:
        if self._rest:
            raise _LineError(
                f"has “{next(iter(self._rest))}”, which this deckgen does not know",
                "was the lock written by a newer deckgen? Else restore the line from its last commit",
            )


def _is_int(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _parse_header(reader: _Reader) -> tuple[str, tuple[str, ...]]:
    reader.number("deckgen-lock")
    return reader.text("project"), reader.texts("releases")


def _parse_edition(reader: _Reader) -> EditionRecord:
    return EditionRecord(
        name=reader.text("edition"),
        deck=reader.text("deck"),
        note_type_name=reader.text("name"),
        note_type=_parse_note_type(reader),
    )


def _parse_note_type(reader: _Reader) -> NoteTypeRecord | None:
    value = reader.take("note_type", default={})
    if not isinstance(value, dict):
        raise _LineError("must have an object for “note_type”", "restore the line from its last commit")
    if not value:
        return None
    inner = _Reader(value)
    record = NoteTypeRecord(
        id=inner.number("id"),
        fields=inner.ids("fields"),
        templates=inner.ids("templates"),
        stamp=_parse_stamp(inner),
    )
    return record


def _parse_category(reader: _Reader) -> CategoryRecord:
    names = []
    for edition, inner in reader.readers("names"):
        names.append((edition, CategoryNames(deck=inner.text("deck"), tag=inner.text("tag"), slug=inner.text("slug"))))
        inner.close()
    return CategoryRecord(key=reader.key("category"), title=reader.text("title", empty=True), names=tuple(names))


def _parse_pending(reader: _Reader) -> PendingRecord:
    return PendingRecord(
        key=reader.key("pending"),
        chapter=reader.text("chapter"),
        category=reader.key("category"),
        title=reader.text("title", empty=True),
        answer=reader.text("answer", empty=True),
        sketch=reader.sketch(),
        candidates=tuple(Key(candidate) for candidate in reader.texts("candidates")),
    )


def _parse_note(reader: _Reader) -> NoteRecord:
    retired = reader.take("retired", default=False)
    if retired is not False and not isinstance(retired, str):
        raise _LineError("must have a version or an empty text for “retired”", "restore the line from its last commit")
    return NoteRecord(
        key=reader.key("note"),
        guid=Guid(reader.text("guid")),
        chapter=reader.text("chapter"),
        category=reader.key("category"),
        title=reader.text("title", empty=True),
        answer=reader.text("answer", empty=True),
        sketch=reader.sketch(),
        since=reader.text("since", empty=True),
        retired=None if retired is False else retired,
        stamps=tuple((edition, _parse_stamp(inner)) for edition, inner in reader.readers("stamps")),
    )


def _parse_stamp(reader: _Reader) -> Stamp:
    """The stamp that an object holds beside what else was taken from it."""
    shipped = reader.take("shipped", default=["", 0])
    if not (isinstance(shipped, list) and len(shipped) == 2 and isinstance(shipped[0], str) and _is_int(shipped[1])):
        raise _LineError("must have a hash and a time for “shipped”", "restore the line from its last commit")
    stamp = Stamp(
        hash=reader.text("hash"),
        time=reader.number("time"),
        inputs=reader.text("inputs", empty=True),
        shipped_hash=shipped[0],
        shipped_time=shipped[1],
    )
    reader.close()
    return stamp


_PARSERS: Mapping[str, Callable[[_Reader], Any]] = {
    "deckgen-lock": _parse_header,
    "edition": _parse_edition,
    "category": _parse_category,
    "pending": _parse_pending,
    "note": _parse_note,
}
"""By the first member of a line's object."""


# --- what lines say of each other -------------------------------------------------------------------------------------


def _repeated(parsed: Mapping[str, list[tuple[int, Any]]], path: str) -> Iterable[Diagnostic]:
    """What must occur once and occurs again: keys, GUIDs, categories, editions, the header."""
    yield from _twice(((number, "") for number, _ in parsed["deckgen-lock"]), "the header", path)
    yield from _twice(((number, edition.name) for number, edition in parsed["edition"]), "edition", path)
    yield from _twice(((number, category.key) for number, category in parsed["category"]), "category", path)
    keys = [(number, note.key) for number, note in parsed["note"] + parsed["pending"]]
    yield from _twice(keys, "key", path)
    first_line = {key: number for number, key in reversed(keys)}
    guids = [(number, note.guid) for number, note in parsed["note"] if first_line[note.key] == number]
    yield from _twice(guids, "GUID", path)


def _twice(entries: Iterable[tuple[int, str]], what: str, path: str) -> Iterable[Diagnostic]:
    lines: dict[str, list[int]] = defaultdict(list)
    for number, name in entries:
        lines[name].append(number)
    for name, (first, *others) in lines.items():
        for number in others:
            yield diagnostic(
                "bad-lock",
                f"{f'{what} “{name}”' if name else what} is on line {first} already",
                Location(path=path, line=number),
                hint=f"where a merge of two branches brought lines {first} and {number} together, run “deckgen lock "
                "merge”, then “deckgen build”; else restore the lines from their last commit",
            )


def _dangling(parsed: Mapping[str, list[tuple[int, Any]]], path: str) -> Iterable[Diagnostic]:
    """Notes of a category, and candidates, that the lock does not have."""
    categories = {category.key for _, category in parsed["category"]}
    notes = {note.key for _, note in parsed["note"]}
    restore = "restore the missing line from its last commit"
    for number, note in parsed["note"] + parsed["pending"]:
        if note.category not in categories:
            message = f"“{note.key}” is of category “{note.category}”, which the lock does not have"
            yield diagnostic("bad-lock", message, Location(path=path, line=number), hint=restore)
    for number, pending in parsed["pending"]:
        for missing in (candidate for candidate in pending.candidates if candidate not in notes):
            message = f"pending “{pending.key}” may be note “{missing}”, which the lock does not have"
            yield diagnostic("bad-lock", message, Location(path=path, line=number), hint=restore)
