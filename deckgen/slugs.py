"""ASCII forms of names, for files and ids: the only module that imports slugify."""

from __future__ import annotations

from slugify import slugify


def ascii_slug(text: str) -> str:
    """Lower-case ASCII words joined by hyphens, at most 48 characters; Chinese by its romanisation."""
    return slugify(text, max_length=48, word_boundary=True, save_order=True)
