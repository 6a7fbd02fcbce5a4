"""Image references → media files: finds each image, encodes it once, keeps the result, reports what is wrong.

``images`` makes them; to import Pillow takes a twentieth of a start, so whoever finds all of them kept does without.
"""

import errno
import hashlib
import json
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache, partial
from pathlib import Path
from urllib.parse import unquote

from msgspec import Struct
from msgspec.structs import asdict

from deckgen.diagnostics import Diagnostic, Severity, diagnostic, name_some
from deckgen.media.image_paths import (
    Ambiguous,
    Found,
    Missing,
    Remote,
    candidate_paths,
    index_images,
    is_of_one_machine,
    parse_fetched,
    resolve_image,
    shown_target,
)
from deckgen.memory.receipt import file_mark
from deckgen.memory.seal import sealed_digest
from deckgen.memory.store import Decoder, Memory, encoded
from deckgen.model import ImageReference, Location, MediaFile, replace
from deckgen.project import Profile
from deckgen.project.files import read_file, write_atomically
from deckgen.project.reading import Project

MAX_SOURCE_BYTES = 100 * 1024 * 1024
"""What Anki's sync takes as one media file."""
RECIPE = "2"
"""Part of every media name: to change it renames every image, and so changes every note that shows one."""


class EncodedImage(Struct, frozen=True, kw_only=True):
    """An image ready to be packaged. ``remark`` says what of the source could not be kept; mostly empty.

    ``diagram`` says of a still image, measured on its source, that it may be shown in the colours of the night.
    """

    data: bytes
    suffix: str
    width_px: int
    height_px: int
    remark: str = ""
    diagram: bool = False


class BrokenImageError(ValueError):
    """Why an image cannot be shown, in words that follow its name, and how to mend it."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.hint = hint


def read_media(
    references: Iterable[tuple[ImageReference, Location]],
    project: Project,
    *,
    profile: Profile,
    jobs: int = 1,
    progress: Callable[[int, int], None] | None = None,
    memory: Memory | None = None,
) -> tuple[Mapping[ImageReference, MediaFile], tuple[Diagnostic, ...]]:
    """The image of every reference that has one, and the findings about all, at every place that refers to them.

    References to the same bytes share one media file, named after these bytes, the recipe and the profile. Encoded
    images are kept in the project's cache. The result does not depend on ``jobs``, on the order of the references or
    on what the cache and the ``memory`` hold: the latter knows the digests of files that nobody has written since.
    Nothing is fetched. ``progress`` is told how many images are ready, and of how many.
    """
    settings, fetched = project.config.images, parse_fetched(project.remote_text or "")
    places = _places(references)
    index = index_images(project.files, settings.roots, fetched=fetched, origin=project.config.origin)
    resolved = {item: resolve_image(item.target, chapter=item.chapter, files=index) for item in places}
    sources = tuple(sorted({found for found in resolved.values() if isinstance(found, Found)}))
    results = _encode_all(sources, project, profile, jobs, progress, memory or Memory())
    images: dict[ImageReference, MediaFile] = {}
    findings: list[Diagnostic] = []
    for reference, where in places.items():
        match resolved[reference]:
            case Found() as found:
                result = results[found]
                if isinstance(result, _Ready):
                    images[reference] = result.file
                problems = list(_judge(result, found.path or "the image inside the reference", settings.budget_kb))
            case unfound:
                problems = [_explain(unfound, reference, project.root, any_files=bool(index.paths))]
        findings += (diagnostic(rule, said, place, hint=hint) for rule, said, hint in problems for place in where)
    cache = project.cache
    if any(not file.path.is_relative_to(cache) for file in images.values()):
        message = f"{cache.parent.name}/{cache.name} cannot be written, so every image is encoded anew each time"
        hint = "remove it, and make room on the disk"
        findings.append(diagnostic("unreadable-file", message, hint=hint, severity=Severity.WARNING))
    findings.sort(key=lambda found: (found.location or Location(path=""), found.message))
    return images, tuple(_with_excerpts(findings, project.lines if findings else {}))


class _Known(Struct, frozen=True, kw_only=True):
    """Of an image's bytes: what its name is made of, under what it is kept, and what it became, without the bytes.

    The encoded file is not read as long as it has this mark.
    """

    identity: str
    key: str
    source_bytes: int
    image: EncodedImage | None = None
    encoded_bytes: int = 0
    mark: tuple[int, ...] | None = None


_KNOWN = Decoder(_Known)
_SETTLED_SECONDS = 2


class _Ready(Struct, frozen=True, kw_only=True):
    file: MediaFile
    remark: str
    known: _Known


_Problem = tuple[str, str, str]
"""A rule, a message and a hint: a finding that is yet without its place."""


def _places(references: Iterable[tuple[ImageReference, Location]]) -> Mapping[ImageReference, tuple[Location, ...]]:
    """The distinct places of each reference, in order; a translation repeats those of its source."""
    places: dict[ImageReference, dict[Location, None]] = {}
    for reference, place in references:
        places.setdefault(reference, {})[place] = None
    return {reference: tuple(found) for reference, found in places.items()}


# --- encoding ---------------------------------------------------------------------------------------------------------


def _encode_all(
    sources: tuple[Found, ...],
    project: Project,
    profile: Profile,
    jobs: int,
    progress: Callable[[int, int], None] | None,
    memory: Memory,
) -> Mapping[Found, _Ready | BrokenImageError]:
    if not sources:
        return {}
    from deckgen.media.images import encoder_version

    version = encoder_version()
    marks = {
        source: memory.key("image", encoded((source.path, mark, RECIPE, profile, version)))
        for source in sources
        if (mark := _mark(source, project.root))
    }
    known = memory.decoded(marks.values(), _KNOWN)
    results: dict[Found, _Ready | BrokenImageError] = {}
    by_name: dict[str, _Ready] = {}
    with ThreadPoolExecutor(max_workers=max(1, jobs)) as pool:
        found = [known.get(marks.get(source, b"")) for source in sources]
        # Where all are known, threads would only wait for each other.
        encode = partial(_encode, project.root, profile, project.cache, version)
        done = (map if all(found) else pool.map)(encode, sources, found)
        for count, (source, result) in enumerate(zip(sources, done, strict=True), 1):
            results[source] = by_name.setdefault(result.file.name, result) if isinstance(result, _Ready) else result
            if isinstance(result, _Ready) and source in marks and known.get(marks[source]) != result.known:
                memory.keep({marks[source]: encoded(result.known)})
            if progress:
                progress(count, len(sources))
    return results


def _encode(
    root: Path, profile: Profile, cache: Path, version: str, source: Found, known: _Known | None
) -> _Ready | BrokenImageError:
    """One image, from the cache where it is there; its file is not even read where it is ``known``."""
    from deckgen.media.images import encode_image

    try:
        data = None if known else _read(source, root)
        known = known or _identify(data or b"", profile, version)
        slot = cache / known.key[:2] / known.key
        image = known.image
        if not (image and known.mark and known.mark == file_mark(slot.with_suffix(f".{image.suffix}"))):
            image = _recall(slot)
            if image is None:
                image = encode_image(_read(source, root) if data is None else data, profile)
                slot = _keep(slot, image)
            mark = file_mark(slot.with_suffix(f".{image.suffix}"))
            known = replace(known, image=replace(image, data=b""), encoded_bytes=len(image.data), mark=mark)
    except BrokenImageError as error:
        return error
    file = MediaFile(
        name=f"dg-{known.identity}-{profile[0]}.{image.suffix}",
        identity=known.identity,
        path=slot.with_suffix(f".{image.suffix}"),
        source=source.path or "data:",
        width_px=image.width_px,
        height_px=image.height_px,
        size_bytes=known.encoded_bytes,
        source_bytes=known.source_bytes,
        diagram=image.diagram,
    )
    return _Ready(file=file, remark=image.remark, known=known)


def _identify(data: bytes, profile: Profile, version: str) -> _Known:
    identity = hashlib.sha256(f"{RECIPE}\0".encode() + data).hexdigest()[:20]
    key = hashlib.sha256(f"{identity}\0{profile}\0{version}\0".encode() + data).hexdigest()
    return _Known(identity=identity, key=key, source_bytes=len(data))


def _mark(source: Found, root: Path) -> tuple[int, ...]:
    """What any writing of the file changes; empty where it is none, or was written too lately for its times to tell."""
    mark = file_mark(root / source.path) if source.path else None
    return mark if mark and time.time() - max(mark[1:3]) / 1e9 > _SETTLED_SECONDS else ()


def _read(source: Found, root: Path) -> bytes:
    if not source.path:
        return source.data
    try:
        return read_file(root / source.path, inside=root, most=MAX_SOURCE_BYTES)
    except OSError as error:
        if error.errno == errno.EFBIG:
            message = f"has more than the {MAX_SOURCE_BYTES // 2**20} MB that Anki can sync"
            raise BrokenImageError(message, "scale it down") from None
        raise BrokenImageError(f"cannot be read: {error.strerror}", "check the file and its permissions") from None


def _recall(slot: Path) -> EncodedImage | None:
    """What is kept in a slot of the cache; None where it is empty, damaged or of another make."""
    try:
        values = json.loads(read_file(slot.with_suffix(".json"), inside=slot.parent))
        seal = values.pop("seal")
        data = read_file(slot.with_suffix(f".{values['suffix']}"), inside=slot.parent)
        return EncodedImage(data=data, **values) if seal == _sealed(slot, values, data) else None
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None


def _keep(slot: Path, image: EncodedImage) -> Path:
    """The slot that holds an image now: one of a folder for this run alone where the cache cannot be written."""
    try:
        _fill(slot, image)
    except OSError:
        slot = Path(_spare_folder().name) / slot.name
        _fill(slot, image)
    return slot


@lru_cache
def _spare_folder() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory(prefix="deckgen-")


def _fill(slot: Path, image: EncodedImage) -> None:
    """Keeps an image in the cache. What is said of it is written last, so that a slot with that is whole."""
    values = {name: value for name, value in asdict(image).items() if name != "data"}
    write_atomically(slot.with_suffix(f".{image.suffix}"), image.data)
    sealed = values | {"seal": _sealed(slot, values, image.data)}
    write_atomically(slot.with_suffix(".json"), json.dumps(sealed).encode())


def _sealed(slot: Path, values: Mapping[str, object], data: bytes) -> str:
    return sealed_digest(slot.name.encode(), json.dumps(values).encode(), data).hex()


# --- findings ---------------------------------------------------------------------------------------------------------


def _with_excerpts(findings: Iterable[Diagnostic], lines: Mapping[str, Sequence[str]]) -> Iterator[Diagnostic]:
    for found in findings:
        place = found.location
        known = lines.get(place.path, ()) if place else ()
        yield replace(found, excerpt=known[place.line - 1]) if place and place.line <= len(known) else found


def _judge(result: _Ready | BrokenImageError, name: str, budget_kb: int) -> Iterator[_Problem]:
    if isinstance(result, BrokenImageError):
        yield "broken-image", f"{name} {result}", result.hint
        return
    if result.remark:
        hint = "make the animation shorter or smaller, or save it as GIF"
        yield "image-over-budget", f"{name} {result.remark}", hint
    if result.file.size_bytes > budget_kb * 1000:
        message = f"{name} still has {result.file.size_bytes // 1000} kB; the budget is {budget_kb} kB"
        yield "image-over-budget", message, "crop or split the image, or raise images.budget_kb in deckgen.toml"


def _explain(
    unfound: Missing | Ambiguous | Remote, reference: ImageReference, root: Path, *, any_files: bool
) -> _Problem:
    shown = shown_target(reference.target)
    if isinstance(unfound, Ambiguous):
        message = f"“{shown}” fits {name_some(unfound.candidates)}"
        return "ambiguous-image", message, "write the path from the project's folder on"
    if isinstance(unfound, Remote):
        message = f"“{shown}” is on another server; the card shows a link"
        return "remote-image", message, "“deckgen images fetch” downloads it into the project"
    near = unfound.suggestions
    message, hint = _why_missing(reference, root, any_files=any_files)
    hint = f"did you mean {' or '.join(near)}?" if near else hint
    if len(near) == 1 and "/" in near[0] and near[0].rpartition("/")[2] in unquote(reference.target):
        folder = near[0].rpartition("/")[0]
        hint += f' write that path, or set images.roots = ["{folder}"] to find images there by their names'
    return "missing-image", message, hint


def _why_missing(reference: ImageReference, root: Path, *, any_files: bool) -> tuple[str, str]:
    """A message and a hint."""
    target, shown = reference.target, shown_target(reference.target)
    if is_of_one_machine(target):
        message = f"“{shown}” is a path on one machine, where nobody else has the image"
        return message, "put the file into the project, and write its path from the chapter's folder"
    paths = candidate_paths(target, chapter=reference.chapter)
    if other := next((path for path in paths if _is_file(root / path)), ""):
        hint = "make it a link, without the exclamation mark, or save it as PNG or SVG"
        return f"“{other}” is there, but no image", hint
    hint = "add the file, or mend the path; it is relative to the chapter's folder or to the project's"
    if not any_files:
        hint = "the project has no image file at all; " + hint
    return (f"there is no image “{shown}”" if target else "an image without a file name"), hint


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False
