"""Every Markdown text of a run as its document, parsed once."""

from __future__ import annotations

from deckgen.markdown.document import Document, parse_document
from deckgen.model import Context, Markdown


class Documents:
    """Texts and their contexts → their documents; whoever reads a text asks here."""

    def __init__(self) -> None:
        self._known: dict[tuple[Markdown, Context], Document] = {}

    def of(self, markdown: Markdown, context: Context) -> Document:
        document = self._known.get((markdown, context))
        if document is None:
            document = self._known[markdown, context] = parse_document(markdown, context)
        return document
