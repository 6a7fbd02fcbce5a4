"""Translations before a reader: a page that opens from a file, and the same one served, which takes their word."""

from deckgen.review.page import EDITOR, render_review, show
from deckgen.review.serve import ReviewDesk, ReviewServer

__all__ = ["EDITOR", "ReviewDesk", "ReviewServer", "render_review", "show"]
