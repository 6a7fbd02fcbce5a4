"""A finished build as a web page: every card as learners see it, its findings beside it; ``serve`` keeps it current."""

from deckgen.preview.serve import PreviewServer
from deckgen.preview.site import preview_files, write_preview

__all__ = ["PreviewServer", "preview_files", "write_preview"]
