"""A changelog as plain text, Markdown, HTML or JSON; what it says is changelog's."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from deckgen.markdown import safe_html
from deckgen.model import Context, Dialect, Language, Markdown
from deckgen.releases.changelog import ChangedNote, Changelog, CountTable, TextChange, describe_diff
from deckgen.releases.diff import NoteChange, ReleaseDiff
from deckgen.releases.records import RecordedNote
from deckgen.text.wording import SpanKind, columns_of, compare_words, marked_up


def format_diff(diff: ReleaseDiff, form: str, language: Language) -> str:
    """The diff in one of `FORMATS`. KeyError for another."""
    return FORMATS[form](diff, language)


# --- text -------------------------------------------------------------------------------------------------------------


def _format_text(diff: ReleaseDiff, language: Language) -> str:
    """Removed words as ``[-…-]``, added ones as ``{+…+}``."""
    log = describe_diff(diff, language)
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
            lines += [f"    {_text_detail(detail)}" for detail in entry.details]
        for step in section.steps:
            lines += ["", f"  {step.edition}: {step.text}", f"    {step.search}"]
        lines += [f"  {section.hint}"] if section.hint else []
    return "\n".join(lines) + "\n"


def _text_table(table: CountTable) -> Iterator[str]:
    rows = (table.columns, *table.rows)
    widths = [max(columns_of(row[index]) for row in rows) for index in range(len(table.columns))]
    for row in rows:
        first, *others = (" " * (width - columns_of(cell)) for cell, width in zip(row, widths, strict=True))
        yield "  ".join((row[0] + first, *(pad + cell for pad, cell in zip(others, row[1:], strict=True))))


def _text_detail(detail: TextChange) -> str:
    marks = {SpanKind.KEPT: "{}", SpanKind.REMOVED: "[-{}-]", SpanKind.ADDED: "{{+{}+}}"}
    text = "".join(marks[span.kind].format(span.text.replace("\n", " ⏎ ")) for span in detail.spans)
    return f"{detail.label}: {text}" if detail.label else text


# --- Markdown ---------------------------------------------------------------------------------------------------------


def markdown_changelog(log: Changelog) -> str:
    """The changelog for GitHub, below headings of the first level."""
    blocks = [f"## {_markdown(log.title)}"] if log.title else []
    blocks.append(_markdown(log.summary))
    if log.duties:
        blocks += [f"### {log.duties_heading}", "\n".join(f"- {_markdown(duty)}" for duty in log.duties)]
    blocks += [_markdown(remark) for remark in log.remarks]
    blocks += [_markdown_table(table) for table in log.tables]
    for section in log.sections:
        blocks.append(f"### {section.heading} ({len(section.entries)})")
        blocks += _folded(section.entries)
        for step in section.steps:
            blocks += [f"**{step.edition}** · {_markdown(step.text)}", f"```text\n{step.search}\n```"]
        blocks += [_markdown(section.hint)] if section.hint else []
    return "\n\n".join(blocks) + "\n"


def _folded(entries: tuple[ChangedNote, ...]) -> Iterator[str]:
    """The entries as a list; a long one opens with a tap on its keys, so that the page is read to its end."""
    shown = "\n".join(line for entry in entries for line in _markdown_entry(entry))
    if len(shown) < _LONG:
        yield shown
    else:
        yield f"<details><summary>{' '.join(f'<code>{entry.key}</code>' for entry in entries)}</summary>"
        yield shown
        yield "</details>"


_LONG = 4_000
"""Characters: about three screens of a phone."""


def _markdown_table(table: CountTable) -> str:
    rule = "|".join(("---", *("---:" for _ in table.columns[1:])))
    rows = [f"| {' | '.join(_markdown(cell) for cell in row)} |" for row in (table.columns, *table.rows)]
    return "\n".join((rows[0], f"|{rule}|", *rows[1:]))


def _markdown_entry(entry: ChangedNote) -> Iterator[str]:
    yield f"- `{entry.key}` {_markdown(entry.title)} · {_markdown(entry.category)}"
    for detail in entry.details:
        label = f"*{detail.label}* " if detail.label else ""
        yield f"  - {label}{marked_up(detail.spans, _markdown)}"


def _markdown(text: str) -> str:
    """Text in which GitHub finds no markup, mentions or mathematics of its own."""
    plain = re.sub(r"[&<>*_`\[\]$|~#@\\]", lambda match: f"&#{ord(match[0])};", text)
    return plain.replace("\n", "<br>")


# --- HTML -------------------------------------------------------------------------------------------------------------

_PAGE = """<!doctype html>
<html lang="{language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="icon" href="data:,">
<title>{title}</title>
<style>
:root {{ color-scheme: light dark; }}
body {{ font: 16px/1.6 system-ui, sans-serif; max-width: 60rem; margin: 0 auto; padding: 1rem; }}
table {{ border-collapse: collapse; margin: 1rem 0; }}
th, td {{ border: 1px solid #8886; padding: .2rem .6rem; }}
ins {{ background: #2ea04340; text-decoration: none; }}
del {{ background: #f8514940; }}
pre {{ overflow: auto; padding: .6rem; background: #8882; user-select: all; }}
code {{ font-family: ui-monospace, monospace; }}
</style>
</head>
<body>
{body}</body>
</html>
"""


def _format_html(diff: ReleaseDiff, language: Language) -> str:
    """A page of its own, which asks for nothing else."""
    log = describe_diff(diff, language)
    title = html.escape(log.title or log.summary)
    return _PAGE.format(language=language, title=title, body=f"<h1>{title}</h1>\n{html_changelog(log)}")


def html_changelog(log: Changelog) -> str:
    """The changelog as a piece of a page, its headings from ``h3`` on."""
    return safe_html(Markdown(markdown_changelog(replace(log, title=""))), Context(dialect=Dialect.GFM))


# --- JSON -------------------------------------------------------------------------------------------------------------


def _format_json(diff: ReleaseDiff, language: Language) -> str:
    """For programs; described in docs/release-record.md."""
    log = describe_diff(diff, language)
    document: dict[str, Any] = {
        "diff": 1,
        "old": diff.old.version if diff.old else None,
        "new": diff.new.version,
        "counts": {kind: len(diff.of(kind)) for kind in dict.fromkeys(k for note in diff.notes for k in note.kinds)},
        "categories": {
            key: {"titles": diff.categories[key].titles, "counts": dict(counts)}
            for key, counts in diff.by_category().items()
        },
        "languages": {language: dict(counts) for language, counts in diff.by_language().items()},
        "breaches": [{"edition": breach.edition, "what": breach.what} for breach in diff.breaches],
        "new_editions": list(diff.new_editions),
        "grown_editions": dict(diff.grown),
        "looks": list(diff.looks),
        "notes": [_json_note(change) for change in diff.notes],
        "steps": [
            {"kind": section.kind, "edition": step.edition, "search": step.search, "text": step.text}
            for section in log.sections
            for step in section.steps
        ],
    }
    return json.dumps(document, ensure_ascii=False, indent=1) + "\n"


def _json_note(change: NoteChange) -> dict[str, Any]:
    value: dict[str, Any] = {"key": change.key, "kinds": list(change.kinds), "languages": list(change.languages)}
    for name, note in (("old", change.old), ("new", change.new)):
        if note:
            value[name] = {"category": note.category, "texts": _json_texts(note), "media": list(note.media)}
    if change.old and change.new:
        words: dict[str, dict[str, list[list[str]]]] = {language: {} for language in change.languages}
        for language, side, before, after in change.sides():
            words[language][side] = [[span.kind, span.text] for span in compare_words(before, after)]
        value["words"] = words
    return value


def _json_texts(note: RecordedNote) -> dict[str, Mapping[str, str]]:
    return {language: text.sides for language, text in note.texts.items()}


FORMATS: Mapping[str, Callable[[ReleaseDiff, Language], str]] = {
    "text": _format_text,
    "markdown": lambda diff, language: markdown_changelog(describe_diff(diff, language)),
    "html": _format_html,
    "json": _format_json,
}
