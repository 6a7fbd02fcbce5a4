"""Keys, GUIDs and the project's id, each derived from what is committed; who gets which key is matching's work."""

import hashlib
import unicodedata
from collections.abc import Collection, Iterable
from pathlib import PurePosixPath

from deckgen.model import Guid, Key

_KEY_LETTERS = "23456789abcdefghjkmnpqrstvwxyz"
"""No ``0`` and ``o``, no ``1``, ``i`` and ``l``, no ``u`` beside ``v``: a learner reads keys off a phone."""
_GUID_LETTERS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_KEY_LENGTH = 7
_MOST_KEY_LETTERS = 32
_GUID_LENGTH = 12


def mint_key(*, project_id: str, chapter: str, title: str, ordinal: int, taken: Collection[Key]) -> Key:
    """The key of a question that has none yet, or of a category.

    It depends on the project's id, the chapter's path, the folded title and the question's place among those of equal
    title in its chapter (from 1, 0 for a category), so that every machine mints the same. A key that is taken is
    lengthened.
    """
    parts: tuple[str, ...] = ("key", project_id, unicodedata.normalize("NFC", chapter), title, str(ordinal))
    while True:
        for length in range(_KEY_LENGTH, _MOST_KEY_LETTERS + 1):
            if (key := Key(_letters(_KEY_LETTERS, *parts, count=length))) not in taken:
                return key
        parts = ("again", _letters(_KEY_LETTERS, *parts))


def base_guid(project_id: str, key: Key) -> Guid:
    """The identity of a note over all editions."""
    return Guid(_letters(_GUID_LETTERS, "note", project_id, key, count=_GUID_LENGTH))


def edition_guid(base: Guid, edition: str) -> Guid:
    """The GUID of a note in the packages of one edition, such as ``zh-en``."""
    return Guid(_letters(_GUID_LETTERS, "edition", base, edition, count=_GUID_LENGTH))


def derive_project_id(paths: Iterable[str], birthmark: str) -> str:
    """An id for a project that does not set one, from its chapters' file names and from what no other project has."""
    names = sorted(unicodedata.normalize("NFC", PurePosixPath(path).name) for path in paths)
    return _letters(_KEY_LETTERS, "project", *names, *filter(None, [birthmark]), count=12)


def _letters(alphabet: str, *parts: str, count: int = 40) -> str:
    """The first letters of the parts' SHA-256, written in an alphabet; no two lists of parts are read as the same.

    Fewer letters are the beginning of more.
    """
    number = int.from_bytes(hashlib.sha256("\0".join(parts).encode()).digest(), "big")
    letters = []
    for _ in range(count):
        number, index = divmod(number, len(alphabet))
        letters.append(alphabet[index])
    return "".join(letters)
