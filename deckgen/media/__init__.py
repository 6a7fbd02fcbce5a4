"""Image references → media files: finds each image, encodes it once, keeps the result, reports what is wrong."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace
from functools import lru_cache
from pathlib import Path
from urllib.parse import unquote

from deckgen.diagnostics import Diagnostic, Severity, diagnostic, name_some
from deckgen.media.image_paths import (
    Ambiguous,
    Embedded,
    Found,
    Missing,
    Remote,
    candidate_paths,
    index_images,
    is_of_one_machine,
    resolve_image,
    shown_target,
)
from deckgen.media.images import RECIPE, BrokenImageError, EncodedImage, encode_image, encoder_version
from deckgen.media.remote import fetched_files
from deckgen.memory.seal import sealed_digest
from deckgen.memory.store import Codec, Memory, encoded
from deckgen.model import ImageReference, Location, MediaFile
from deckgen.project.choices import Profile
from deckgen.project.config import ImageSettings
from deckgen.project.files import read_file, write_atomically

__all__ = ["ImageProgress", "fetched_files", "read_media"]

ImageProgress = Callable[[int, int], None]
"""Called with the number of images that are ready and of all."""

MAX_SOURCE_BYTES = 100 * 1024 * 1024
"""What Anki's sync takes as one media file."""


def read_media(
    references: Iterable[tuple[ImageReference, Location]],
    *,
    root: Path,
    files: Iterable[str],
    profile: Profile,
    cache: Path,
    jobs: int = 1,
    settings: ImageSettings | None = None,
    fetched: Mapping[str, str] | None = None,
    origin: str = "",
    progress: ImageProgress | None = None,
    memory: Memory | None = None,
) -> tuple[Mapping[ImageReference, MediaFile], tuple[Diagnostic, ...]]:
    """The image of every reference that has one, and the findings about all, at every place that refers to them.

    ``files`` are the project's image files, relative to ``root``; ``fetched`` has those of URLs, and ``origin`` is the
    repository that they are in. References to the same bytes share one media file, named after these bytes, the recipe
    and the profile. Encoded images are kept in the folder ``cache``. The result does not depend on ``jobs``, on the
    order of the references or on what the cache and the ``memory`` hold: the latter knows the digests of files that
    nobody has written since. Nothing is fetched.
    """
    settings = settings or ImageSettings()
    places = _places(references)
    index = index_images(files, settings.roots, fetched=fetched, origin=origin)
    resolved = {item: resolve_image(item.target, chapter=item.chapter, files=index) for item in places}
    sources = tuple(sorted({_source(found) for found in resolved.values() if isinstance(found, Found | Embedded)}))
    results = _encode_all(
        sources, root=root, profile=profile, cache=cache, jobs=jobs, progress=progress, memory=memory or Memory()
    )
    images: dict[ImageReference, MediaFile] = {}
    problems: tuple[_Problem, ...]
    findings: list[Diagnostic] = []
    for reference, where in places.items():
        match resolved[reference]:
            case Found() | Embedded() as found:
                result = results[_source(found)]
                if isinstance(result, _Ready):
                    images[reference] = result.file
                problems = tuple(_judge(result, _shown_name(found), settings.budget_kb))
            case unfound:
                problems = (_explain(unfound, reference, root, any_files=bool(index.paths)),)
        findings += (problem.at(place) for problem in problems for place in where)
    findings += _unkept(images.values(), cache)
    return images, tuple(sorted(findings, key=lambda found: (found.location or Location(path=""), found.message)))


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class _Source:
    """Where an image's bytes come from: a file of the project, else the bytes themselves."""

    path: str
    data: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Digest:
    """Of an image's bytes: what its name is made of, and under what it is kept."""

    identity: str
    key: str
    size_bytes: int


_DIGEST = Codec(_Digest)
_SETTLED_SECONDS = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ready:
    file: MediaFile
    remark: str
    digest: _Digest


@dataclass(frozen=True, slots=True, kw_only=True)
class _Broken:
    message: str
    hint: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Problem:
    """A finding that is yet without its place."""

    rule: str
    message: str
    hint: str

    def at(self, place: Location) -> Diagnostic:
        return diagnostic(self.rule, self.message, place, hint=self.hint)


def _places(references: Iterable[tuple[ImageReference, Location]]) -> Mapping[ImageReference, tuple[Location, ...]]:
    """The distinct places of each reference, in order; a translation repeats those of its source."""
    places: dict[ImageReference, dict[Location, None]] = {}
    for reference, place in references:
        places.setdefault(reference, {})[place] = None
    return {reference: tuple(found) for reference, found in places.items()}


def _source(found: Found | Embedded) -> _Source:
    return _Source(path=found.path) if isinstance(found, Found) else _Source(path="", data=found.data)


def _shown_name(found: Found | Embedded) -> str:
    return found.path if isinstance(found, Found) else "the image inside the reference"


# --- encoding ---------------------------------------------------------------------------------------------------------


def _encode_all(
    sources: tuple[_Source, ...],
    *,
    root: Path,
    profile: Profile,
    cache: Path,
    jobs: int,
    progress: ImageProgress | None,
    memory: Memory,
) -> Mapping[_Source, _Ready | _Broken]:
    version = encoder_version() if sources else ""
    marks = {
        source: memory.key("image", encoded((source.path, mark, RECIPE, profile, version)))
        for source in sources
        if (mark := _mark(source, root))
    }
    known = {key: _DIGEST.decode(value) for key, value in memory.recall(marks.values()).items()}
    results: dict[_Source, _Ready | _Broken] = {}
    by_name: dict[str, _Ready] = {}
    with ThreadPoolExecutor(max_workers=max(1, jobs)) as pool:
        done = pool.map(
            lambda source: _encode(source, root, profile, cache, version, known.get(marks.get(source, b""))), sources
        )
        for count, (source, result) in enumerate(zip(sources, done, strict=True), 1):
            results[source] = by_name.setdefault(result.file.name, result) if isinstance(result, _Ready) else result
            if isinstance(result, _Ready) and source in marks and marks[source] not in known:
                memory.keep({marks[source]: _DIGEST.encode(result.digest)})
            if progress:
                progress(count, len(sources))
    return results


def _encode(
    source: _Source, root: Path, profile: Profile, cache: Path, version: str, known: _Digest | None
) -> _Ready | _Broken:
    """One image, from the cache where it is there; its file is not even read where its digest is ``known``."""
    try:
        data = None if known else _read(source, root)
        digest = known or _digest(data or b"", profile, version)
        slot = cache / digest.key[:2] / digest.key
        record = _read_record(slot)
        if record is None:
            slot, record = _keep(slot, encode_image(_read(source, root) if data is None else data, profile))
    except BrokenImageError as error:
        return _Broken(message=str(error), hint=error.hint)
    file = MediaFile(
        name=f"dg-{digest.identity}-{profile[0]}.{record.suffix}",
        identity=digest.identity,
        path=slot.with_suffix(f".{record.suffix}"),
        source=source.path or "data:",
        width_px=record.width_px,
        height_px=record.height_px,
        size_bytes=record.size_bytes,
        source_bytes=digest.size_bytes,
        diagram=record.diagram,
    )
    return _Ready(file=file, remark=record.remark, digest=digest)


def _digest(data: bytes, profile: Profile, version: str) -> _Digest:
    identity = hashlib.sha256(f"{RECIPE}\0".encode() + data).hexdigest()[:20]
    key = hashlib.sha256(f"{identity}\0{profile}\0{version}\0".encode() + data).hexdigest()
    return _Digest(identity=identity, key=key, size_bytes=len(data))


def _mark(source: _Source, root: Path) -> tuple[int, ...]:
    """What any writing of the file changes; empty where it is none, or was written too lately for its times to tell."""
    with contextlib.suppress(OSError, ValueError):
        status = (root / source.path).stat() if source.path else None
        if status and time.time() - max(status.st_mtime, status.st_ctime) > _SETTLED_SECONDS:
            return status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino
    return ()


def _read(source: _Source, root: Path) -> bytes:
    if not source.path:
        return source.data
    try:
        return read_file(root / source.path, inside=root, most=MAX_SOURCE_BYTES)
    except OSError as error:
        if error.errno == errno.EFBIG:
            message = f"has more than the {MAX_SOURCE_BYTES // 2**20} MB that Anki can sync"
            raise BrokenImageError(message, "scale it down") from None
        raise BrokenImageError(f"cannot be read: {error.strerror}", "check the file and its permissions") from None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Record:
    """What the cache remembers of an encoded image beside its bytes."""

    suffix: str
    width_px: int
    height_px: int
    size_bytes: int
    remark: str
    diagram: bool


def _read_record(slot: Path) -> _Record | None:
    """What is kept in a slot of the cache; None where it is empty, damaged or of another make."""
    try:
        values = json.loads(read_file(slot.with_suffix(".json"), inside=slot.parent))
        record = _Record(
            suffix=values["suffix"],
            width_px=int(values["width_px"]),
            height_px=int(values["height_px"]),
            size_bytes=int(values["size_bytes"]),
            remark=str(values["remark"]),
            diagram=bool(values["diagram"]),
        )
        kept = read_file(slot.with_suffix(f".{record.suffix}"), inside=slot.parent)
        return record if values["seal"] == _sealed(slot, record, kept) else None
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None


def _keep(slot: Path, image: EncodedImage) -> tuple[Path, _Record]:
    """The slot that holds an image now: one of a folder for this run alone where the cache cannot be written."""
    try:
        return slot, _fill(slot, image)
    except OSError:
        spare = Path(_spare_folder().name) / slot.name
        return spare, _fill(spare, image)


@lru_cache
def _spare_folder() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory(prefix="deckgen-")


def _fill(slot: Path, image: EncodedImage) -> _Record:
    """Keeps an image in the cache. The record is written last, so that a slot with a record is whole."""
    record = _Record(
        suffix=image.suffix,
        width_px=image.width_px,
        height_px=image.height_px,
        size_bytes=len(image.data),
        remark=image.remark,
        diagram=image.diagram,
    )
    values = {**asdict(record), "seal": _sealed(slot, record, image.data)}
    write_atomically(slot.with_suffix(f".{image.suffix}"), image.data)
    write_atomically(slot.with_suffix(".json"), json.dumps(values).encode())
    return record


def _sealed(slot: Path, record: _Record, data: bytes) -> str:
    return sealed_digest(slot.name.encode(), repr(record).encode(), data).hex()


# --- findings ---------------------------------------------------------------------------------------------------------


def _unkept(files: Iterable[MediaFile], cache: Path) -> Iterator[Diagnostic]:
    if any(not file.path.is_relative_to(cache) for file in files):
        message = f"{cache.parent.name}/{cache.name} cannot be written, so every image is encoded anew each time"
        finding = diagnostic("unreadable-file", message, hint="remove it, and make room on the disk")
        yield replace(finding, severity=Severity.WARNING)


def _judge(result: _Ready | _Broken, name: str, budget_kb: int) -> Iterator[_Problem]:
    if isinstance(result, _Broken):
        yield _Problem(rule="broken-image", message=f"{name} {result.message}", hint=result.hint)
        return
    if result.remark:
        yield _Problem(
            rule="image-over-budget",
            message=f"{name} {result.remark}",
            hint="make the animation shorter or smaller, or save it as GIF",
        )
    if result.file.size_bytes > budget_kb * 1000:
        yield _Problem(
            rule="image-over-budget",
            message=f"{name} still has {result.file.size_bytes // 1000} kB; the budget is {budget_kb} kB",
            hint="crop or split the image, or raise images.budget_kb in deckgen.toml",
        )


def _explain(
    unfound: Missing | Ambiguous | Remote, reference: ImageReference, root: Path, *, any_files: bool
) -> _Problem:
    shown = shown_target(reference.target)
    match unfound:
        case Missing(suggestions=near):
            rule = "missing-image"
            message, hint = _why_missing(reference, root, any_files=any_files)
            hint = f"did you mean {' or '.join(near)}?" if near else hint
            if len(near) == 1 and "/" in near[0] and near[0].rpartition("/")[2] in unquote(reference.target):
                folder = near[0].rpartition("/")[0]
                hint += f' write that path, or set images.roots = ["{folder}"] to find images there by their names'
        case Ambiguous(candidates=several):
            rule, message = "ambiguous-image", f"“{shown}” fits {name_some(several)}"
            hint = "write the path from the project's folder on"
        case Remote(url=_):
            rule, message = "remote-image", f"“{shown}” is on another server; the card shows a link"
            hint = "“deckgen images fetch” downloads it into the project"
    return _Problem(rule=rule, message=message, hint=hint)


def _why_missing(reference: ImageReference, root: Path, *, any_files: bool) -> tuple[str, str]:
    """A message and a hint."""
    target, shown = reference.target, shown_target(reference.target)
    if is_of_one_machine(target):
        return (
            f"“{shown}” is a path on one machine, where nobody else has the image",
            "put the file into the project, and write its path from the chapter's folder",
        )
    if other := next(
        (path for path in candidate_paths(target, chapter=reference.chapter) if _is_file(root / path)), ""
    ):
        return (
            f"“{other}” is there, but no image",
            "make it a link, without the exclamation mark, or save it as PNG or SVG",
        )
    hint = "add the file, or mend the path; it is relative to the chapter's folder or to the project's"
    if not any_files:
        hint = "the project has no image file at all; " + hint
    return (f"there is no image “{shown}”" if target else "an image without a file name"), hint


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False
