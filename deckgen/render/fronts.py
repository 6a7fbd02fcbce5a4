"""The part of a question's field below its title: what else is asked, told from the title by its element."""

from __future__ import annotations

_OPENING, _CLOSING = '<div class="dg-given dg-text">', "</div>"


def given_html(front: str) -> str:
    """What follows a title in its field."""
    return f"{_OPENING}{front}{_CLOSING}"


def split_question(field: str) -> tuple[str, str]:
    """The title in a question's field, and the rest of what is asked, empty where there is none."""
    title, _, given = field.partition(_OPENING)
    return title, given.removesuffix(_CLOSING)


def unfolded(answer: str) -> str:
    """The answer without the fold that hides it: a card hides it already."""
    return answer.replace("<details>", "<details open>", 1) if answer.startswith("<details>") else answer
