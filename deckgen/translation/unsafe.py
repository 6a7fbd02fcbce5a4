"""What is not shown of titles, notes and translations because it is not safe; lint says it of answers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from deckgen.diagnostics import Diagnostic, Severity, diagnostic
from deckgen.markdown import Documents
from deckgen.markdown.unsafe import Unsafe, find_unsafe, may_be_unsafe
from deckgen.model import Context, Dialect, Location, Markdown
from deckgen.translation.material import Material
from deckgen.translation.units import Side


def unsafe_content(material: Material) -> Iterator[Diagnostic]:
    """A finding at each place; a translation is told only of what its source does not have."""
    plain, documents = Context(dialect=Dialect.GFM), material.documents
    contexts = {text.key: text.chapter.context for text in material.texts}
    for text in material.texts:
        if text.side in (Side.CATEGORY, Side.QUESTION):
            for item in _found(text.markdown, text.chapter.context, documents):
                yield _diagnostic(item, text.location)
    for note in material.notes.notes:
        for written in note.texts:
            for item in _found(written.markdown, contexts.get(note.key, plain), documents):
                yield _diagnostic(item, _place(written.markdown, item.start, written.location))
    for catalog in material.read.values():
        for entry in catalog.entries:
            if not entry.obsolete and (found := _found(entry.translation, plain, documents)):
                known = {item.what for item in _found(entry.source, plain, documents)}
                where = Location(path=catalog.path, line=entry.line or 1)
                yield from (_diagnostic(item, where) for item in found if item.what not in known)


def _found(text: Markdown, context: Context, documents: Documents) -> tuple[Unsafe, ...]:
    return find_unsafe(documents.of(text, context)) if may_be_unsafe(text) else ()


def _place(text: str, offset: int, begins: Location) -> Location:
    line = text.count("\n", 0, offset)
    column = offset - text.rfind("\n", 0, offset)
    return Location(path=begins.path, line=begins.line + line, column=column + (0 if line else begins.column - 1))


def _diagnostic(item: Unsafe, where: Location) -> Diagnostic:
    found = diagnostic(item.rule, item.what, where, hint=item.hint)
    return replace(found, severity=Severity.INFO) if item.is_remark else found
