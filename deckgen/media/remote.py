"""Which of the project's files a URL means: one that was fetched, or one of the book's own repository; pure."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Collection, Mapping
from urllib.parse import unquote

import msgspec

from deckgen.diagnostics import DeckgenError

_REPOSITORY = re.compile(
    r"https?://(?:www\.)?(?P<host>github|gitee)\.com/(?P<name>[^/?#]+/[^/?#]+?)(?:\.git)?"
    r"(?:/tree/[^/?#]+/(?P<below>[^?#]+?))?/?",
    re.IGNORECASE,
)
_FILE = re.compile(
    r"https?://(?:(?:www\.)?(?P<host>github|gitee)\.com/(?P<name>[^/]+/[^/]+)/(?:raw|blob)|"
    r"raw\.githubusercontent\.com/(?P<raw>[^/]+/[^/]+))/(?P<path>[^?#]+).*",
    re.IGNORECASE,
)
_MOST_PARTS_OF_A_REVISION = 3


class FetchedImage(msgspec.Struct, frozen=True, kw_only=True):
    """An image of another server as it was fetched: its path in the project, and the SHA-256 of its bytes in hex."""

    file: str
    sha256: str


def parse_fetched(text: str, path: str) -> Mapping[str, FetchedImage]:
    """URL → image. DeckgenError for a text that is no such list."""
    try:
        return msgspec.convert(tomllib.loads(text), dict[str, FetchedImage])
    except (tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise DeckgenError(f"{path} cannot be read: {error}", hint="restore it from git") from error


def fetched_files(text: str, path: str) -> Mapping[str, str]:
    """URL → file."""
    return {url: item.file for url, item in parse_fetched(text, path).items()}


def format_fetched(images: Mapping[str, FetchedImage]) -> str:
    """TOML, sorted by URL."""
    lines = ["# Images of other servers; “deckgen images fetch” writes this."]
    for url, item in sorted(images.items()):
        lines += ["", f"[{json.dumps(url)}]", f"file = {json.dumps(item.file)}", f"sha256 = {json.dumps(item.sha256)}"]
    return "\n".join(lines) + "\n"


def path_in_repository(url: str, origin: str, paths: Collection[str]) -> str:
    """The project's file that a link to a file of its own repository means, whatever the revision; else empty.

    ``origin`` is the repository on GitHub or Gitee, or a folder of it (``…/tree/main/docs``).
    """
    own, file = _REPOSITORY.fullmatch(origin), _FILE.fullmatch(url)
    if not own or not file or (file["name"] or file["raw"]).lower() != own["name"].lower():
        return ""
    if (file["host"] or "github").lower() != own["host"].lower():
        return ""
    below = f"{unquote(own['below'])}/" if own["below"] else ""
    parts = unquote(file["path"]).split("/")
    if ".." in parts:
        return ""
    for cut in range(1, _MOST_PARTS_OF_A_REVISION + 1):  # a branch may be called a/b, and a link refs/heads/main
        path = "/".join(parts[cut:])
        if path.startswith(below) and path.removeprefix(below) in paths:
            return path.removeprefix(below)
    return ""
