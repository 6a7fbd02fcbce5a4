"""Markdown in, ``Document`` out: the only package that reads Markdown; knows no question and no card."""

from deckgen.markdown.document import Document, ImageSpan, LiteralBold, parse_document, safe_html
from deckgen.markdown.documents import Documents
from deckgen.markdown.formulas import Formula

__all__ = ["Document", "Documents", "Formula", "ImageSpan", "LiteralBold", "parse_document", "safe_html"]
