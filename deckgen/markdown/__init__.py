"""Markdown in, ``Document`` out: the only package that reads Markdown; knows no question and no card."""

from deckgen.markdown.document import Document, ImageSpan, LiteralBold, parse_document
from deckgen.markdown.formulas import Formula

__all__ = ["Document", "Formula", "ImageSpan", "LiteralBold", "parse_document"]
