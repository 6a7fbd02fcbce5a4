"""``deckgen images fetch``: the images of other servers that chapters show, kept in the project with their hashes."""

import hashlib
from collections.abc import Iterator
from pathlib import PurePosixPath
from urllib.parse import unquote, urlsplit

from msgspec import Struct

from deckgen.chapters import parse_chapter
from deckgen.corpus import texts_of
from deckgen.markdown import Documents
from deckgen.media import BrokenImageError
from deckgen.media.download import DownloadError, DownloadLimits, download_image
from deckgen.media.image_paths import FetchedImage, Remote, format_fetched, index_images, parse_fetched, resolve_image
from deckgen.media.images import encode_image, suffix_of
from deckgen.memory.seal import sealed_digest
from deckgen.project import Profile
from deckgen.project.files import own_path, read_file, write_atomically
from deckgen.project.layout import REMOTE_DIR, REMOTE_MAP
from deckgen.project.reading import Project
from deckgen.text.slugs import ascii_slug


class Fetched(Struct, frozen=True, kw_only=True):
    """What came of one URL: an image of so many bytes, or why there is none."""

    url: str
    file: str = ""
    bytes: int = 0
    problem: DownloadError | BrokenImageError | None = None


def fetch_images(project: Project, limits: DownloadLimits) -> Iterator[Fetched]:
    """Downloads what is not there yet, one after another; what was written stays, whenever the run ends."""
    known = dict(parse_fetched(project.remote_text or ""))
    for url in remote_urls(project):
        if url in known and _is_there(project, known[url]):
            continue
        try:
            data, suffix = _image(project, url, limits)
        except (DownloadError, BrokenImageError) as error:
            yield Fetched(url=url, problem=error)
            continue
        digest = hashlib.sha256(data).hexdigest()
        name = ascii_slug(PurePosixPath(unquote(urlsplit(url).path)).stem) or "image"
        file = f"{REMOTE_DIR}/{name}-{digest[:8]}{suffix}"
        write_atomically(own_path(project.root, file), data)
        known[url] = FetchedImage(file=file, sha256=digest)
        write_atomically(own_path(project.root, REMOTE_MAP), format_fetched(known).encode())
        yield Fetched(url=url, file=file, bytes=len(data))


def remote_urls(project: Project) -> tuple[str, ...]:
    """The images on other servers that chapters show, in their order; none that is a file of the project."""
    documents = Documents()
    files = index_images(project.files, project.config.images.roots, origin=project.config.origin)
    urls: dict[str, None] = {}
    for source in project.sources:
        chapter, _ = parse_chapter(source.text, path=source.path, settings=project.config.settings_for(source.path))
        for markdown, context in texts_of(chapter):
            for image in documents.of(markdown, context).images:
                found = resolve_image(image.target, chapter=source.path, files=files)
                if isinstance(found, Remote):
                    urls[found.url] = None
    return tuple(urls)


def _image(project: Project, url: str, limits: DownloadLimits) -> tuple[bytes, str]:
    """Its bytes and its suffix. BrokenImageError where no card could show it."""
    partial = own_path(project.cache, f"remote/{sealed_digest(url.encode()).hex()}")
    data = download_image(f"https:{url}" if url.startswith("//") else url, partial, limits)
    encode_image(data, Profile.MOBILE)
    return data, suffix_of(data)


def _is_there(project: Project, image: FetchedImage) -> bool:
    try:
        data = read_file(project.root / image.file, inside=project.root, most=2**30)
    except OSError:
        return False
    return hashlib.sha256(data).hexdigest() == image.sha256
