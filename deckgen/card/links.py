"""Where a card's question stands at the book's host: addresses, and how a template holds them, so that no note does."""

import html
import posixpath
import re
import unicodedata
from collections import defaultdict
from collections.abc import Mapping
from urllib.parse import quote, unquote

from deckgen.model import Key

PLACEHOLDERS = ("path", "line", "anchor", "revision")
_MAX_BYTES = 100_000
"""Of all addresses in one template, which an app reads for every card; beyond it they lead to the chapter."""
_HOSTS = re.compile(
    r"(?P<repository>https://(?:github|gitee)\.com/[\w.-]+/[\w.-]+?)(?:\.git)?(?:/tree/[^/?#]+(?P<below>/[^?#]+?))?/?"
)
_ID = re.compile(r"""<h[1-6]\b[^>]*?\bid\s*=\s*(["'])(.*?)\1""", re.IGNORECASE)
_HEADING = re.compile(r"^\s*(?:#{1,6}\s+)?|<[^>]*>|\s+#+\s*$")


def source_template(origin: str) -> str:
    """How addresses look at ``origin``, a repository of GitHub or Gitee or a folder of it; empty for any other host."""
    found = _HOSTS.fullmatch(origin)
    below = _quote(unquote(found["below"] or "")) if found else ""
    return f"{found['repository']}/blob/{{revision}}{below}/{{path}}#{{anchor}}" if found else ""


def source_address(template: str, *, path: str, line: int, anchor: str, revision: str) -> str:
    """The template with its placeholders filled in, as an address without white space and without marks of HTML."""
    values = {"path": path, "line": str(line), "anchor": anchor, "revision": revision}
    return re.sub(r"\{(\w+)\}", lambda found: _quote(values[found[1]]), template)


def anchor_of(heading: str) -> str:
    """The anchor that hosts give a heading, by its line in the source: its ``id``, else its text as GitHub folds it."""
    if found := _ID.search(heading):
        return html.unescape(found[2])
    words = _HEADING.sub("", heading).strip().lower()
    kept = (letter for letter in words if letter in " -_" or unicodedata.category(letter)[0] in "LNM")
    return "".join(kept).replace(" ", "-")


def link_attributes(addresses: Mapping[Key, str]) -> str:
    """The attributes ``data-base`` and ``data-places`` of an element; empty where there is no address.

    They are what all addresses begin with, and a line for each that differs: the rest of it and the keys that it is of.
    """
    if not addresses:
        return ""
    base, places = _places(addresses)
    if len(places.encode()) > _MAX_BYTES:
        base, places = _places({key: address.partition("#")[0] for key, address in addresses.items()})
    return f' data-base="{html.escape(base)}" data-places="{html.escape(places)}"'


def _places(addresses: Mapping[Key, str]) -> tuple[str, str]:
    base = posixpath.commonprefix([*addresses.values()])
    keys: dict[str, list[str]] = defaultdict(list)
    for key, address in sorted(addresses.items()):
        keys[address[len(base) :]].append(key)
    return base, "\n".join(f"{rest} {' '.join(mine)}" for rest, mine in keys.items())


def _quote(text: str) -> str:
    """Letters of every script stay as they are: an address is read by people too, and three times shorter so."""
    return "".join(
        letter if letter > "\x7f" and letter.isprintable() and not letter.isspace() else quote(letter, safe="/")
        for letter in text
    )
