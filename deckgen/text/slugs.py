"""Names for files and ids, and their ASCII forms: the only module that imports slugify."""

import re

from slugify import slugify

_PLAIN_NAME = re.compile(r"[^/\\\x00-\x1f\x7f\ud800-\udfff]{1,255}")
_SCRIPT_CHANGE = re.compile(r"(?<=[A-Za-z0-9])(?=[\u3400-\u9fff])|(?<=[\u3400-\u9fff])(?=[A-Za-z0-9])")


def ascii_slug(text: str) -> str:
    """Lower-case ASCII words joined by hyphens, at most 48 characters; Chinese by its romanisation."""
    return slugify(_SCRIPT_CHANGE.sub(" ", text), max_length=48, word_boundary=True, save_order=True)


def is_plain_name(name: str) -> bool:
    """Whether a name that a stranger gave is that of a file in the same folder: it leads nowhere else."""
    return _PLAIN_NAME.fullmatch(name) is not None and name not in (".", "..")
