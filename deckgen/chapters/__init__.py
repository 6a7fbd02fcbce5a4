"""Text → categories and questions: which headings mark them, what stands below each; never raises on content."""

from deckgen.chapters.chapter import parse_chapter
from deckgen.chapters.directives import apply_ignores
from deckgen.chapters.explain import Explanation, describe_explanation
from deckgen.chapters.structure import explain_structure

__all__ = ["Explanation", "apply_ignores", "describe_explanation", "explain_structure", "parse_chapter"]
