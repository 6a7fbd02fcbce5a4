"""What a diff says to a learner, in Chinese or English: as plain text, Markdown, HTML or JSON."""

import html
import json
import re
from collections.abc import Callable, Iterator, Mapping
from string import Template
from typing import Any

from msgspec import Struct

from deckgen.markdown import safe_html
from deckgen.model import Context, Dialect, Key, Language, Markdown, replace
from deckgen.releases.diff import Difference, NoteChange, ReleaseDiff
from deckgen.releases.records import RecordedNote
from deckgen.releases.snapshot import named_edition
from deckgen.text.packaged import packaged_table, packaged_text
from deckgen.text.wording import SpanKind, WordSpan, columns_of, compare_words, marked_up, shorten

WORDS_IN = (Language("zh"), Language("en"))
"""The languages in which learners are told of a release."""
_LONG = 4_000
"""Characters: about three screens of a phone."""

_Table = tuple[tuple[str, ...], ...]
"""Rows, the heads of the columns first; the first column has names, the others have counts."""


class ChangedNote(Struct, frozen=True, kw_only=True):
    """``details`` are what changed in its texts, or where it moved: which text, and the spans of both versions."""

    key: Key
    title: str
    category: str
    details: tuple[tuple[str, tuple[WordSpan, ...]], ...] = ()


class Section(Struct, frozen=True, kw_only=True):
    """The notes of one kind of change and what learners can do about them: by edition, what to do with which search."""

    kind: Difference
    heading: str
    entries: tuple[ChangedNote, ...]
    steps: tuple[tuple[str, str, str], ...]
    hint: str


class Changelog(Struct, frozen=True, kw_only=True):
    """A diff in words. ``duties`` are what learners must do, ``remarks`` what concerns no single card."""

    title: str
    summary: str
    duties_heading: str
    duties: tuple[str, ...]
    remarks: tuple[str, ...]
    tables: tuple[_Table, ...]
    sections: tuple[Section, ...]


def format_diff(diff: ReleaseDiff, form: str, language: Language) -> str:
    """The diff in one of `FORMATS`. KeyError for another."""
    return FORMATS[form](diff, describe_diff(diff, language), language)


def read_words(language: Language) -> Mapping[str, str]:
    """The words of change lists in ``language``, English where there are none."""
    return packaged_table(f"templates/release/words.{language if language in WORDS_IN else 'en'}.toml")


def describe_diff(diff: ReleaseDiff, language: Language) -> Changelog:
    """The diff in the words of ``language``, its questions too where they have a text in it."""
    words, old, new = read_words(language), diff.old, diff.new.version
    title = words["first"].format(new=new)
    if old is not None:
        title = words["from-to"].format(old=old.version, new=new) if new and old.version else ""
    return Changelog(
        title=title,
        summary=summarise(diff, language),
        duties_heading=words["breaches"],
        duties=tuple(words["breach"].format(edition=edition, what=what) for edition, what in diff.breaches),
        remarks=tuple(_remarks(diff, words)),
        tables=tuple(_tables(diff, words, language)) if old else (),
        sections=tuple(_section(diff, kind, words, language) for kind in Difference if diff.of(kind)),
    )


def summarise(diff: ReleaseDiff, language: Language) -> str:
    """``2 new, 1 changed``."""
    words = read_words(language)
    counts = [(len(diff.of(kind)), words[f"count-{kind}"]) for kind in Difference]
    told = (f"{count} {word}" if word.isascii() else f"{word} {count}" for count, word in counts if count)
    return words["comma"].join(told) or words["nothing"]


def _remarks(diff: ReleaseDiff, words: Mapping[str, str]) -> Iterator[str]:
    if diff.new_editions:
        yield words["new-editions"].format(editions=words["comma"].join(diff.new_editions))
    for old, new in diff.grown.items():
        yield words["grown"].format(old=old, new=new)
    if diff.looks:
        yield words["looks"].format(editions=words["comma"].join(diff.looks))


def _tables(diff: ReleaseDiff, words: Mapping[str, str], language: Language) -> Iterator[_Table]:
    categories = {category_title(diff, key, language): counts for key, counts in diff.by_category().items()}
    languages = {str(tag): counts for tag, counts in diff.by_language().items()}
    for name, rows in (("category", categories), ("language", languages)):
        kinds = [kind for kind in Difference if any(counts[kind] for counts in rows.values())]
        cells = ((title, *(str(counts[kind]) for kind in kinds)) for title, counts in rows.items())
        if rows:
            yield ((words[name], *(words[f"count-{kind}"] for kind in kinds)), *cells)


# --- notes ------------------------------------------------------------------------------------------------------------


def _section(diff: ReleaseDiff, kind: Difference, words: Mapping[str, str], language: Language) -> Section:
    steps = tuple(_steps(diff, kind, words)) if kind in (Difference.MOVED, Difference.RETIRED) else ()
    return Section(
        kind=kind,
        heading=words[kind],
        entries=tuple(
            ChangedNote(
                key=change.key,
                title=note_title(change.shown, language),
                category=category_title(diff, change.shown.category, language),
                details=tuple(_details(diff, change, kind, words, language)),
            )
            for change in diff.of(kind)
        ),
        steps=steps,
        hint=words["on-phones"] if steps else "",
    )


def note_title(note: RecordedNote, language: Language) -> str:
    """The question in ``language``, else in the note's first."""
    texts = (note.texts.get(language), *note.texts.values())
    return next((text.question for text in texts if text and text.question), note.key)


def category_title(diff: ReleaseDiff, key: Key, language: Language) -> str:
    """The category's title in ``language``, else in its first."""
    titles = diff.categories[key].titles
    return titles.get(language) or next(iter(titles.values()), str(key))


def _details(
    diff: ReleaseDiff, change: NoteChange, kind: Difference, words: Mapping[str, str], language: Language
) -> Iterator[tuple[str, tuple[WordSpan, ...]]]:
    old, new = change.old, change.new
    if old is None or new is None:
        return
    if kind is Difference.MOVED:
        places = [category_title(diff, note.category, language) for note in (old, new)]
        yield "", _kept(words["moved-from"].format(old=places[0], new=places[1]))
    if kind in (Difference.CHANGED, Difference.RETRANSLATED):
        for tag, side, before, after in change.sides():
            yield f"{tag} {words[side]}", shorten(compare_words(before, after))
        if old.media != new.media:
            gone, come = {*old.media} - {*new.media}, {*new.media} - {*old.media}
            yield words["images"], _kept(f"−{len(gone)} +{len(come)}")


def _kept(text: str) -> tuple[WordSpan, ...]:
    return (WordSpan(kind=SpanKind.KEPT, text=text),)


def _steps(diff: ReleaseDiff, kind: Difference, words: Mapping[str, str]) -> Iterator[tuple[str, str, str]]:
    """A step per edition, of moved cards also per deck that they go to. None for notes that no search can name."""
    editions = {edition.name: edition for record in (diff.old, diff.new) if record for edition in record.editions}
    groups: dict[tuple[str, str], list[Key]] = {}
    for change in diff.of(kind):
        decks = diff.categories[change.shown.category].decks if kind is Difference.MOVED else {}
        for edition in change.shown.copies:
            if named_edition(edition) and edition in editions:
                groups.setdefault((edition, decks.get(edition, "")), []).append(change.key)
    for (edition, deck), keys in groups.items():
        search = browser_search(editions[edition].note_type_name, keys)
        yield edition, words[f"steps-{kind}"].format(deck=deck), search


def browser_search(note_type: str, keys: list[Key]) -> str:
    """What finds the notes in Anki's browser: those of this note type alone, as editions share their keys."""
    name = "".join(f"\\{character}" if character in '\\"*_' else character for character in note_type)
    found = " or ".join(f'"Key:{key}"' for key in keys)
    return f'"note:{name}" ({found})'


# --- text -------------------------------------------------------------------------------------------------------------


def _text_changelog(log: Changelog) -> str:
    """Removed words as ``[-…-]``, added ones as ``{+…+}``."""
    lines = [line for line in (log.title, log.summary) if line]
    if log.duties:
        lines += ["", log.duties_heading, *(f"  {duty}" for duty in log.duties)]
    lines += ["", *log.remarks] if log.remarks else []
    for table in log.tables:
        lines += ["", *_text_table(table)]
    for section in log.sections:
        lines += ["", f"{section.heading} ({len(section.entries)})"]
        for entry in section.entries:
            lines.append(f"  {entry.key}  {entry.title} [{entry.category}]")
            lines += [f"    {label and f'{label}: '}{_text_spans(spans)}" for label, spans in entry.details]
        for edition, text, search in section.steps:
            lines += ["", f"  {edition}: {text}", f"    {search}"]
        lines += [f"  {section.hint}"] if section.hint else []
    return "\n".join(lines) + "\n"


def _text_table(table: _Table) -> Iterator[str]:
    widths = [max(map(columns_of, column)) for column in zip(*table, strict=True)]
    for row in table:
        first, *others = (" " * (width - columns_of(cell)) for cell, width in zip(row, widths, strict=True))
        yield "  ".join((row[0] + first, *(pad + cell for pad, cell in zip(others, row[1:], strict=True))))


def _text_spans(spans: tuple[WordSpan, ...]) -> str:
    marks = {SpanKind.KEPT: "{}", SpanKind.REMOVED: "[-{}-]", SpanKind.ADDED: "{{+{}+}}"}
    return "".join(marks[span.kind].format(span.text.replace("\n", " ⏎ ")) for span in spans)


# --- Markdown and HTML ------------------------------------------------------------------------------------------------


def markdown_changelog(log: Changelog) -> str:
    """The changelog for GitHub, below headings of the first level."""
    blocks = [f"## {_markdown(log.title)}"] if log.title else []
    blocks.append(_markdown(log.summary))
    if log.duties:
        blocks += [f"### {log.duties_heading}", "\n".join(f"- {_markdown(duty)}" for duty in log.duties)]
    blocks += [_markdown(remark) for remark in log.remarks]
    for table in log.tables:
        head, *rows = (f"| {' | '.join(map(_markdown, row))} |" for row in table)
        blocks.append("\n".join((head, f"|---|{'---:|' * (len(table[0]) - 1)}", *rows)))
    for section in log.sections:
        blocks.append(f"### {section.heading} ({len(section.entries)})")
        blocks += _folded(section.entries)
        for edition, text, search in section.steps:
            blocks += [f"**{edition}** · {_markdown(text)}", f"```text\n{search}\n```"]
        blocks += [_markdown(section.hint)] if section.hint else []
    return "\n\n".join(blocks) + "\n"


def html_changelog(log: Changelog) -> str:
    """The changelog as a piece of a page, its headings from ``h3`` on."""
    return safe_html(Markdown(markdown_changelog(replace(log, title=""))), Context(dialect=Dialect.GFM))


def _folded(entries: tuple[ChangedNote, ...]) -> Iterator[str]:
    """The entries as a list; a long one opens with a tap on its keys, so that the page is read to its end."""
    shown = "\n".join(line for entry in entries for line in _markdown_entry(entry))
    if len(shown) < _LONG:
        yield shown
    else:
        yield f"<details><summary>{' '.join(f'<code>{entry.key}</code>' for entry in entries)}</summary>"
        yield shown
        yield "</details>"


def _markdown_entry(entry: ChangedNote) -> Iterator[str]:
    yield f"- `{entry.key}` {_markdown(entry.title)} · {_markdown(entry.category)}"
    for label, spans in entry.details:
        yield f"  - {label and f'*{label}* '}{marked_up(spans, _markdown)}"


def _markdown(text: str) -> str:
    """Text in which GitHub finds no markup, mentions or mathematics of its own."""
    plain = re.sub(r"[&<>*_`\[\]$|~#@\\]", lambda match: f"&#{ord(match[0])};", text)
    return plain.replace("\n", "<br>")


def _format_html(_diff: ReleaseDiff, log: Changelog, language: Language) -> str:
    """A page of its own, which asks for nothing else."""
    title = html.escape(log.title or log.summary)
    page = Template(packaged_text("templates/release/diff.html"))
    return page.substitute(language=language, title=title, changelog=html_changelog(log))


# --- JSON -------------------------------------------------------------------------------------------------------------


def _format_json(diff: ReleaseDiff, log: Changelog, _language: Language) -> str:
    """For programs; described in docs/release-record.md."""
    document: dict[str, Any] = {
        "diff": 1,
        "old": diff.old.version if diff.old else None,
        "new": diff.new.version,
        "counts": {kind: len(diff.of(kind)) for kind in dict.fromkeys(k for note in diff.notes for k in note.kinds)},
        "categories": {
            key: {"titles": diff.categories[key].titles, "counts": counts} for key, counts in diff.by_category().items()
        },
        "languages": diff.by_language(),
        "breaches": [{"edition": edition, "what": what} for edition, what in diff.breaches],
        "new_editions": diff.new_editions,
        "grown_editions": diff.grown,
        "looks": diff.looks,
        "notes": [_json_note(change) for change in diff.notes],
        "steps": [
            {"kind": section.kind, "edition": edition, "search": search, "text": text}
            for section in log.sections
            for edition, text, search in section.steps
        ],
    }
    return json.dumps(document, ensure_ascii=False, indent=1) + "\n"


def _json_note(change: NoteChange) -> dict[str, Any]:
    value: dict[str, Any] = {"key": change.key, "kinds": change.kinds, "languages": change.languages}
    for name, note in (("old", change.old), ("new", change.new)):
        if note:
            texts = {language: text.sides for language, text in note.texts.items()}
            value[name] = {"category": note.category, "texts": texts, "media": note.media}
    if change.old and change.new:
        value["words"] = words = {language: dict[str, Any]() for language in change.languages}
        for language, side, before, after in change.sides():
            words[language][side] = [(span.kind, span.text) for span in compare_words(before, after)]
    return value


FORMATS: Mapping[str, Callable[[ReleaseDiff, Changelog, Language], str]] = {
    "text": lambda _diff, log, _language: _text_changelog(log),
    "markdown": lambda _diff, log, _language: markdown_changelog(log),
    "html": _format_html,
    "json": _format_json,
}
