"""Judges what a package holds, deckgen's or a stranger's: nothing here opens a file."""

import hashlib
import re
import unicodedata
from collections import ChainMap, Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import quote

from deckgen.apkg.contents import PackageContents, PackagedNote, PackagedNoteType
from deckgen.card.anki_template import render_template
from deckgen.diagnostics import Diagnostic, Severity, name_some
from deckgen.identity.keys import edition_guid
from deckgen.identity.lock import Lock
from deckgen.markdown.judge import Judgement, judge_css, judge_html
from deckgen.model import replace
from deckgen.releases.snapshot import note_type_edition
from deckgen.text.packaged import packaged_table

CHECKS: Mapping[str, tuple[Severity, str]] = {
    name: (Severity(how), what) for name, (how, what) in packaged_table("releases/verify/checks.toml").items()
}
_LONGEST = 600
"""Characters of a message, which may name what a stranger made as long as they liked."""
MAX_MEDIA_BYTES = 100 * 1024 * 1024
"""What Anki's sync takes as one file."""
MAX_NAME_BYTES = 100
"""Of a media file's name, URL-encoded, as AnkiDroid counts."""
MAX_SHOWN = 512 << 20
"""Characters that are judged of all sides of all cards together; each side counts for `_SIDE` more."""
_SIDE = 200
_DAY_SECONDS = 86_400
_SCRIPT = re.compile(r"<script>\n(.*?)</script>", re.DOTALL)
_IMAGE_OCCLUSION = re.compile(
    r"try \{\s*anki\.imageOcclusion\.setup\(\);\s*\} catch \(exc\) \{\s*"
    r"document\.getElementById\(\"err\"\)\.innerHTML = `[^`$]*\$\{exc\}`;\s*\}\s*"
)
"""The script of Anki's own note type, in any language that Anki speaks."""
_CLOCK = "a clock, SOURCE_DATE_EPOCH or a commit's time was wrong; restore deckgen.lock from before, and build anew"

_NOTHING = Judgement()
"""Most of what there is; names are made for findings alone, of which a crafted package could ask for millions."""
_Found = Iterator[Diagnostic]


def finding(check: str, file: str, message: str, *, severity: Severity | None = None, hint: str = "") -> Diagnostic:
    """A finding about ``file``. KeyError for a check that is not in the table."""
    if len(message) > _LONGEST:
        message = f"{message[:_LONGEST]}…"
    return Diagnostic(
        rule=check, severity=severity or CHECKS[check][0], message=f"{file}: {message}" if file else message, hint=hint
    )


def judge_package(
    file: str, contents: PackageContents, *, now: int, lock: Lock | None = None
) -> tuple[Diagnostic, ...]:
    """Everything wrong with a package of this file name; ``now`` in seconds since the epoch.

    ``lock`` is that of the project that the package may be from; a note type that it does not know is not compared.
    """
    checks = (_package_name, _notes, _guids_and_keys, _templates, _names, _cards, _media, _order)
    found = [item for check in checks for item in check(file, contents)]
    found += _future(file, contents, now)
    found += _schema(file, contents, lock) if lock else ()
    return tuple(found)


def _package_name(file: str, contents: PackageContents) -> _Found:
    if file.lower() == "collection.apkg" or file.lower().endswith(".colpkg"):
        yield finding("package-name", file, "AnkiDroid would replace the learner's whole collection; rename the file")
    if stray := contents.stray_entries:
        yield finding("stray-entry", file, f"of no use to Anki: {name_some(stray)}")
    if contents.reviewed_cards:
        yield finding("schedule", file, f"{contents.reviewed_cards} cards carry somebody's learning progress")


def _notes(file: str, contents: PackageContents) -> _Found:
    if not contents.notes:
        yield finding("no-notes", file, "it has no note")
    note_types = {packaged.note_type.id: packaged.note_type for packaged in contents.note_types}
    for note in contents.notes:
        note_type = note_types.get(note.note_type_id)
        if note_type is None:
            yield finding("broken-note", file, f"{note_name(note)} is of a note type that the package lacks")
        elif len(note.fields) != len(note_type.fields):
            yield finding(
                "broken-note", file, f"{note_name(note)} has {len(note.fields)} fields for {len(note_type.fields)}"
            )
        if not note.fields or not note.fields[0].strip():
            yield finding("broken-note", file, f"{note_name(note)} has an empty first field, so Anki skips it")
        if not note.cards:
            yield finding("no-notes", file, f"{note_name(note)} has no card")
    if default := sum(deck.cards for deck in contents.decks if deck.id == 1):
        yield finding("default-deck", file, f"{default} cards are in Anki's own default deck")


def _guids_and_keys(file: str, contents: PackageContents) -> _Found:
    for guid in _repeated(note.guid for note in contents.notes):
        yield finding("duplicate-guid", file, f"several notes have the GUID {guid!r}")
    keys: dict[int, list[str]] = defaultdict(list)
    for note in contents.notes:
        keys[note.note_type_id] += note.fields[:1]
    for packaged in contents.note_types:
        if note_type_edition(packaged.note_type):
            for key in _repeated(keys.pop(packaged.note_type.id, ())):
                yield finding("duplicate-key", file, f"several notes have the key {key!r}")


def _templates(file: str, contents: PackageContents) -> _Found:
    for packaged in contents.note_types:
        note_type = packaged.note_type
        for template in note_type.templates:
            for side, markup in (("front", template.front), ("back", template.back)):
                where = f"note type “{note_type.name}”, {side} of {template.name}"
                yield from _told(file, where, judge_html(without_known_scripts(markup)), ", not deckgen's own")
        yield from _told(file, f"the style of note type “{note_type.name}”", judge_css(note_type.css))


def _names(file: str, contents: PackageContents) -> _Found:
    for deck in contents.decks:
        for what, text in (("name", deck.name), ("description", deck.description)):
            yield from _told(file, f"the {what} of deck “{deck.name[:40]}”", judge_html(_as_held(text)))


def own_sides(contents: PackageContents) -> Iterator[tuple[str, str]]:
    """Where, and what is shown there, for both sides of every card, as far as can be told without Anki."""
    note_types = {packaged.note_type.id: packaged for packaged in contents.note_types}
    for note in map(_held, contents.notes):
        if packaged := note_types.get(note.note_type_id):
            for side, shown in _sides(packaged, note):
                yield f"{note_name(note)}, {side},", shown


def _cards(file: str, contents: PackageContents) -> _Found:
    """Fields, and what comes about only where they and templates meet: tags in two halves, attributes from a field.

    Notes by templates may be more than anybody waits for; what is shown beyond `MAX_SHOWN` is not looked at.
    """
    known = {packaged.note_type.id: _without_known_scripts(packaged) for packaged in contents.note_types}
    apart = {  # what templates have by themselves, whatever the fields
        number: _named(judge_html(side) for one in packaged.note_type.templates for side in (one.front, one.back))
        for number, packaged in known.items()
    }
    left = MAX_SHOWN
    for note in map(_held, contents.notes):
        packaged, fields = known.get(note.note_type_id), [judge_html(field) for field in note.fields]
        own = packaged.note_type.fields if packaged else ()
        for index, judged in enumerate(fields):
            if judged != _NOTHING:
                name = own[index].name if index < len(own) else index + 1
                yield from _told(file, f"{note_name(note)}, field {name}", judged)
        if packaged is None:
            continue
        told = apart[note.note_type_id] | _named(fields)
        for side, shown in _sides(packaged, note):
            left -= len(shown) + _SIDE
            if left < 0:
                message = f"its cards show more than {MAX_SHOWN} characters together; what is beyond is not verified"
                yield finding("unreadable", file, message)
                return
            judged = judge_html(shown)
            fresh = Judgement(
                active=tuple(what for what in judged.active if what not in told),
                remote=tuple(what for what in judged.remote if what not in told),
            )
            if fresh != _NOTHING:
                yield from _told(file, f"{note_name(note)}, {side},", fresh)


def _named(judgements: Iterable[Judgement]) -> frozenset[str]:
    return frozenset(what for judged in judgements for what in (*judged.active, *judged.remote))


def _sides(packaged: PackagedNoteType, note: PackagedNote) -> Iterator[tuple[str, str]]:
    """Where, such as “front of Card 1”, and what each template shows there."""
    values = dict(zip((field.name for field in packaged.note_type.fields), note.fields, strict=False))
    values |= {"Tags": " ".join(note.tags), "Deck": note.deck, "Subdeck": note.deck.rpartition("::")[2]}
    values |= {"Type": packaged.note_type.name}
    for template in packaged.note_type.templates:
        name = values["Card"] = template.name
        front = render_template(template.front, values)
        yield f"front of {name}", front
        yield f"back of {name}", render_template(template.back, ChainMap({"FrontSide": front}, values))


def _without_known_scripts(packaged: PackagedNoteType) -> PackagedNoteType:
    templates = tuple(
        replace(one, front=without_known_scripts(one.front), back=without_known_scripts(one.back))
        for one in packaged.note_type.templates
    )
    return replace(packaged, note_type=replace(packaged.note_type, templates=templates))


def judge_shown(file: str, sides: Iterable[tuple[str, str]]) -> _Found:
    """What runs on a side of a card as Anki itself shows it: where, and its HTML."""
    for where, shown in sides:
        active = judge_html(_HINT.sub("", without_known_scripts(shown))).active
        yield from _told(file, where, Judgement(active=active))


_HINT = re.compile(r'<a class=hint href="#"\s+onclick="this\.style\.display=[^"]*">')
"""What Anki makes of ``{{hint:…}}``."""


def _told(file: str, where: str, judged: Judgement, besides: str = "") -> _Found:
    if judged.active:
        yield finding("active-content", file, f"{where} has {', '.join(judged.active)}{besides}")
    if judged.remote:
        yield finding("remote-content", file, f"{where} loads from the network: {', '.join(judged.remote)}")


def _held(note: PackagedNote) -> PackagedNote:
    return replace(note, fields=tuple(map(_as_held, note.fields)))


def _as_held(text: str) -> str:
    """Anki composes what it imports: a mark may join the character that ended a tag."""
    return unicodedata.normalize("NFC", text)


def without_known_scripts(html: str) -> str:
    """The template without the script that a version of deckgen gave its cards, letter for letter, and Anki's own."""
    # Behind the last end no script has one, and looking for it from each beginning would take for ever.
    closed, end, rest = html.rpartition("</script>")
    return _SCRIPT.sub(lambda found: "" if _is_known(found[1]) else found[0], closed + end) + rest


def _is_known(script: str) -> bool:
    own = packaged_table("templates/card_scripts.toml").values()
    return hashlib.sha256(script.encode()).hexdigest() in own or bool(_IMAGE_OCCLUSION.fullmatch(script))


def _media(file: str, contents: PackageContents) -> _Found:
    if missing := contents.missing_media:
        yield finding("missing-media", file, f"{len(missing)} files are shown and missing: {name_some(missing)}")
    if unused := contents.unused_media:
        yield finding("unused-media", file, f"no card shows {name_some(unused)}")
    for name in _repeated(item.name for item in contents.media):
        yield finding("unreadable", file, f"two media files are named {name}")
    for item in contents.media:
        if item.size_bytes > MAX_MEDIA_BYTES:
            yield finding("media-size", file, f"{item.name} has more than the 100 MiB that Anki synchronises")
        if len(quote(item.name).encode()) > MAX_NAME_BYTES:
            yield finding("media-name", file, f"{item.name} has more than {MAX_NAME_BYTES} bytes when URL-encoded")


def _order(file: str, contents: PackageContents) -> _Found:
    ours = all(note_type_edition(packaged.note_type) for packaged in contents.note_types)
    counts = Counter(note.due for note in contents.notes)
    if len(contents.notes) > 1 and (len(counts) == 1 or (ours and max(counts.values()) > 1)):
        severity = Severity.ERROR if ours else None
        yield finding("due-order", file, "new cards would not come in the order of the notes", severity=severity)


def _future(file: str, contents: PackageContents, now: int) -> _Found:
    limit = now + _DAY_SECONDS
    late = [note_name(note) for note in contents.notes if note.time > limit]
    if late:
        yield finding("future", file, f"last changed in the future: {name_some(late)}", hint=_CLOCK)
    if ids := [note_name(note) for note in contents.notes if note.id > limit * 1000]:
        yield finding("future", file, f"Anki would replace the id, which is in the future, of {name_some(ids)}")
    for packaged in contents.note_types:
        if packaged.time > limit:
            yield finding("future", file, f"note type “{packaged.note_type.name}” was last changed in the future")


def _schema(file: str, contents: PackageContents, lock: Lock) -> _Found:
    for packaged in contents.note_types:
        note_type = packaged.note_type
        records = (
            item
            for item in lock.editions
            if note_type.name == item.note_type_name or (item.note_type and note_type.id == item.note_type.id)
        )
        record = next(records, None)
        if record is None or (known := record.note_type) is None:
            continue
        shape = ([field.id for field in note_type.fields], [template.id for template in note_type.templates])
        frozen = ([*known.fields.values()], [*known.templates.values()])
        if note_type.id != known.id:
            yield finding("schema", file, f"note type “{note_type.name}” has not the id that learners have")
        elif shape != frozen:
            yield finding("schema", file, f"note type “{note_type.name}” has not the fields and templates of the lock")
        edition = note_type_edition(note_type)
        root = lock.root_of(edition.name if edition else "")
        guids: Mapping[str, str] = {one.key: edition_guid(one.guid, root) for one in lock.notes}
        wrong = [
            note.fields[0]
            for note in contents.notes
            if note.note_type_id == note_type.id and note.fields and guids.get(note.fields[0], note.guid) != note.guid
        ]
        if wrong:
            yield finding("schema", file, f"not the GUIDs of the lock: {name_some(wrong)}")


def note_name(note: Any) -> str:
    """A note, ours or Anki's, by the beginning of its first field, else by its GUID."""
    tagged, end, rest = (note.fields[0] if note.fields else "").rpartition(">")
    first = (re.sub(r"<[^>]*>", "", tagged + end) + rest).strip()
    return f"note “{first[:40] or note.guid}”"


def _repeated(values: Iterable[str]) -> list[str]:
    counts: Mapping[str, int] = Counter(values)
    return [value for value, times in counts.items() if times > 1]
