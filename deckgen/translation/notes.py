"""The editor's notes in ``source/notes.toml``: what an editor says below an answer, per question and language."""

import re
from collections.abc import Collection, Iterator, Mapping

from msgspec import Struct

from deckgen.diagnostics import Diagnostic, diagnostic
from deckgen.model import Key, Language, Location, Markdown, is_language
from deckgen.project.config import parse_toml

_HEADER = re.compile(r"""\s*\[?\s*["']?([^\s"'\[\]=.]+)["']?\s*[\]=.]""")
"""A line that begins with a key, as a table or a dotted key."""


class NoteText(Struct, frozen=True, kw_only=True):
    """A note in one language; ``location`` is where its Markdown begins."""

    language: Language
    markdown: Markdown
    location: Location


class EditorNote(Struct, frozen=True, kw_only=True):
    """One question's note in the languages that it is written in; the others are translations, kept in PO files."""

    key: Key
    texts: tuple[NoteText, ...]
    location: Location

    def text(self, language: Language) -> NoteText:
        """An empty text where it is not written in ``language``."""
        missing = NoteText(language=language, markdown=Markdown(""), location=self.location)
        return next((text for text in self.texts if text.language == language), missing)


Notes = Mapping[Key, EditorNote]


def parse_notes(text: str, path: str) -> tuple[Notes, tuple[Diagnostic, ...]]:
    """The notes, one table per key with a Markdown string per language, and what is wrong with them.

    Whether a key belongs to a question is for others to say.
    """
    table, problems = parse_toml(text, path, rule="bad-note")
    if problems:
        return {}, problems
    notes: dict[Key, EditorNote] = {}
    findings: list[Diagnostic] = []
    lines = text.split("\n")
    # Backwards, so that the first line that names a key counts.
    numbered = reversed([*enumerate(lines, 1)])
    headers = {header[1]: number for number, line in numbered if (header := _HEADER.match(line))}
    for key, entry in table.items():
        where = Location(path=path, line=headers.get(key, 1))
        if not isinstance(entry, Mapping):
            findings.append(_bad(f"“{key}” is no table", where))
            continue
        problems = tuple(_problems(key, entry, where))
        findings += problems
        if not problems:
            texts = tuple(_text(lines, tag, value, where) for tag, value in entry.items())
            notes[Key(key)] = EditorNote(key=Key(key), texts=texts, location=where)
    return notes, tuple(findings)


def strange_languages(notes: Notes, known: Collection[Language]) -> Iterator[Diagnostic]:
    """Texts in a language that is neither the sources' nor one that the project translates into."""
    for note in notes.values():
        for text in note.texts:
            if text.language not in known:
                message = f"“{text.language}” in “{note.key}” is no language of this project"
                hint = f"its languages: {', '.join(dict.fromkeys(known))}"
                yield diagnostic("bad-note", message, text.location, hint=hint)


def _problems(key: str, entry: Mapping[str, object], where: Location) -> Iterator[Diagnostic]:
    for tag, value in entry.items():
        if not is_language(tag):
            yield _bad(f"“{tag}” in “{key}” is not a language tag", where)
        elif not isinstance(value, str) or not value.strip():
            yield _bad(f"“{tag}” in “{key}” is no text", where)


def _text(lines: list[str], tag: str, value: str, table: Location) -> NoteText:
    """The text with its place: the first line after the table's that holds the text's first."""
    markdown = Markdown(value.strip("\n"))
    first = markdown.split("\n")[0]
    line = next((n for n in range(table.line, len(lines)) if first in lines[n]), table.line - 1)
    column = max(lines[line].find(first), 0) + 1
    where = Location(path=table.path, line=line + 1, column=column)
    return NoteText(language=Language(tag), markdown=markdown, location=where)


def _bad(message: str, where: Location) -> Diagnostic:
    return diagnostic("bad-note", message, where, hint='write [KEY] and below it a line like zh = """…"""')
