"""Finds the file that an image reference or a URL means; pure, and never outside the files it is given."""

import base64
import difflib
import json
import posixpath
import re
import tomllib
import unicodedata
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from urllib.parse import unquote, unquote_to_bytes

import msgspec

from deckgen.diagnostics import DeckgenError
from deckgen.project.layout import REMOTE_MAP

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
_MOST_SUGGESTIONS = 3


class Found(msgspec.Struct, frozen=True, kw_only=True, order=True):
    """One file, as its path relative to the project; without one the bytes of a ``data:`` URI, if it has any."""

    path: str = ""
    data: bytes = b""


class Missing(msgspec.Struct, frozen=True, kw_only=True):
    """No file; ``suggestions`` are existing paths that look like it, the likeliest first."""

    suggestions: tuple[str, ...]


class Ambiguous(msgspec.Struct, frozen=True, kw_only=True):
    """Several files that the reference fits equally well."""

    candidates: tuple[str, ...]


class Remote(msgspec.Struct, frozen=True, kw_only=True):
    """An image on another server."""

    url: str


Resolution = Found | Missing | Ambiguous | Remote


class ImageFiles(msgspec.Struct, frozen=True, kw_only=True):
    """A project's image files, indexed for lookup; made by ``index_images``."""

    paths: frozenset[str]
    roots: tuple[str, ...]
    by_form: tuple[Mapping[str, tuple[str, ...]], ...]
    """Path → files, for each way to compare."""
    by_name: tuple[Mapping[str, tuple[str, ...]], ...]
    """Base name → files under the image roots, for each way to compare."""
    fetched: "Mapping[str, FetchedImage]"
    """By URL."""
    origin: str
    """The address of the repository that the project is, if it is known."""


def index_images(
    paths: Iterable[str], roots: Iterable[str], *, fetched: "Mapping[str, FetchedImage] | None" = None, origin: str = ""
) -> ImageFiles:
    """``paths`` are POSIX and relative to the project. A root such as ``imgs`` is every folder of that name or path."""
    every = sorted(set(paths))
    folders = tuple(folder for root in roots if (folder := root.replace("\\", "/").strip("./")))
    under = [path for path in every if any(f"/{folder}/" in f"/{path}" for folder in folders)]
    return ImageFiles(
        paths=frozenset(every),
        roots=folders,
        by_form=tuple(_group((form(path), path) for path in every) for form in _FORMS),
        by_name=tuple(_group((form(posixpath.basename(path)), path) for path in under) for form in _FORMS),
        fetched=fetched or {},
        origin=origin,
    )


def resolve_image(target: str, *, chapter: str, files: ImageFiles) -> Resolution:
    r"""What ``target``, as written in the chapter at path ``chapter``, refers to. The order, first match wins:

    1. the exact path, relative to the chapter's folder, then to the project's;
    2. the normalised path, relative to the same two: percent-encoding decoded, backslashes as slashes, ``./`` and
       ``../`` followed, ``?query`` and ``#fragment`` dropped, a leading ``/`` meaning the project's folder;
    3. what follows an image root's name in it, as in ``D:\book\imgs\x.png`` → ``imgs/x.png``;
    4. the base name, if only one file below the image roots has it.

    A URL means the file that was fetched from it, or that of the project's own repository.

    Steps 2 to 4 try the characters as they are, then composed (NFC), then without regard to case; where that fits
    several files, the reference is ambiguous.
    """
    if target.lower().startswith("data:"):
        return Found(data=_decode_data_uri(target))
    if re.match(r"(https?:)?//", target, re.IGNORECASE):
        fetched = files.fetched.get(target)
        own = fetched and fetched.file in files.paths
        local = fetched.file if fetched and own else _path_in_repository(target, files.origin, files.paths)
        return Found(path=local) if local else Remote(url=target)
    folder = posixpath.dirname(chapter)
    for base in (folder, ""):
        if (exact := posixpath.join(base, target)) in files.paths:
            return Found(path=exact)
    spellings = tuple(dict.fromkeys(_spellings(target)))
    places = (
        [path for text in spellings for path in _normalised(text, folder)],
        [path for text in spellings for path in _below_roots(text, folder, files.roots)],
    )
    for index, wanted in ((files.by_form, places[0]), (files.by_form, places[1]), (files.by_name, _names(spellings))):
        if found := _look_up(index, wanted):
            return Found(path=found[0]) if len(found) == 1 else Ambiguous(candidates=found)
    return Missing(suggestions=_suggest(spellings, files))


def candidate_paths(target: str, *, chapter: str) -> tuple[str, ...]:
    """The project's paths that ``target`` names, whether or not there is such a file."""
    folder = posixpath.dirname(chapter)
    paths = (path for text in _spellings(target) for path in _normalised(text, folder))
    return tuple(dict.fromkeys(paths))


def shown_target(target: str) -> str:
    """A reference for a person to read: without percent signs, and not too long."""
    plain = unquote(target)
    text = target if "\ufffd" in plain else plain
    return text if len(text) <= 200 else f"{text[:199]}…"


def is_of_one_machine(target: str) -> bool:
    r"""A path such as ``C:\x.png``, ``\\server\x.png`` or ``file:///home/me/x.png``."""
    return re.match(r"[a-z]:|file:|\\", unquote(target), re.IGNORECASE) is not None


def _composed(text: str) -> str:
    return unicodedata.normalize("NFC", text)


def _folded(text: str) -> str:
    return _composed(_composed(text).casefold())


_FORMS: tuple[Callable[[str], str], ...] = (str, _composed, _folded)


def _group(pairs: Iterable[tuple[str, str]]) -> Mapping[str, tuple[str, ...]]:
    groups: dict[str, tuple[str, ...]] = {}
    for key, path in pairs:
        groups[key] = (*groups.get(key, ()), path)
    return groups


def _look_up(index: tuple[Mapping[str, tuple[str, ...]], ...], wanted: Iterable[str]) -> tuple[str, ...]:
    """The files of the first path that has any, by the strictest comparison that finds one."""
    hits = (index[rank].get(form(path)) for rank, form in enumerate(_FORMS) for path in wanted)
    return next((found for found in hits if found), ())


def _spellings(target: str) -> Iterator[str]:
    """The ways to read a reference, the most literal first. ``%23`` is part of a name, ``#`` may not be."""
    target = target.strip()
    if target.lower().startswith("file:"):
        target = target[len("file:") :]
    for text in (target, unquote(target), unquote(re.split(r"[?#]", target, maxsplit=1)[0])):
        yield text.replace("\\", "/").strip()


def _normalised(text: str, folder: str) -> Iterator[str]:
    """The paths inside the project that ``text`` may mean; none where it leaves the project or names a drive."""
    for base in ("",) if text.startswith("/") else (folder, ""):
        path = posixpath.normpath(posixpath.join(base, text.lstrip("/")))
        if path != "." and path.split("/")[0] != "..":
            yield path


def _below_roots(text: str, folder: str, roots: tuple[str, ...]) -> Iterator[str]:
    """The last part of an absolute or escaping path, from an image root's name on."""
    for root in roots:
        before, mark, after = f"/{text}".rpartition(f"/{root}/")
        if mark and before:
            yield from _normalised(f"{root}/{after}", folder)


def _names(spellings: tuple[str, ...]) -> list[str]:
    return [name for text in spellings if (name := posixpath.basename(text))]


def _suggest(spellings: tuple[str, ...], files: ImageFiles) -> tuple[str, ...]:
    """The files of the same name whose folders fit best, mostly one; else those whose name is closest."""
    if not (names := _names(spellings)):
        return ()
    wanted = _folded(names[-1])
    by_name = _group((_folded(posixpath.basename(path)), path) for path in sorted(files.paths))
    if same := by_name.get(wanted):
        end = _folded(spellings[-1]).split("/")[::-1]
        fits = {path: len(posixpath.commonprefix([_folded(path).split("/")[::-1], end])) for path in same}
        return tuple(path for path in same if fits[path] == max(fits.values()))[:_MOST_SUGGESTIONS]
    close = difflib.get_close_matches(wanted, by_name, _MOST_SUGGESTIONS, 0.7)
    return tuple(path for name in close for path in by_name[name])[:_MOST_SUGGESTIONS]


def _decode_data_uri(target: str) -> bytes:
    head, _, body = target.partition(",")
    try:
        data = unquote_to_bytes(body)
        return base64.b64decode(data, validate=False) if head.lower().endswith(";base64") else data
    except ValueError:
        return b""


class FetchedImage(msgspec.Struct, frozen=True, kw_only=True):
    """An image of another server as it was fetched: its path in the project, and the SHA-256 of its bytes in hex."""

    file: str
    sha256: str


def parse_fetched(text: str) -> Mapping[str, FetchedImage]:
    """URL → image. DeckgenError for a text that is no such list."""
    try:
        return msgspec.convert(tomllib.loads(text), dict[str, FetchedImage])
    except (tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise DeckgenError(f"{REMOTE_MAP} cannot be read: {error}", hint="restore it from git") from error


def format_fetched(images: Mapping[str, FetchedImage]) -> str:
    """TOML, sorted by URL."""
    lines = ["# Images of other servers; “deckgen images fetch” writes this."]
    for url, item in sorted(images.items()):
        lines += ["", f"[{json.dumps(url)}]", f"file = {json.dumps(item.file)}", f"sha256 = {json.dumps(item.sha256)}"]
    return "\n".join(lines) + "\n"


def _path_in_repository(url: str, origin: str, paths: Collection[str]) -> str:
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
