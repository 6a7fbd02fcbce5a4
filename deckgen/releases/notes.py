"""Release notes in Markdown, one text per language, and the text that says where the deck comes from."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType

from deckgen.model import Language
from deckgen.releases.changelog import describe_diff, read_words
from deckgen.releases.diff import ReleaseDiff
from deckgen.releases.formats import markdown_changelog
from deckgen.releases.release_manifest import FileSum, ReleasedPackage
from deckgen.text.sizes import human_size

NOTES_NAMES: Mapping[Language, str] = MappingProxyType(
    {Language("zh"): "RELEASE-NOTES.zh-CN.md", Language("en"): "RELEASE-NOTES.en.md"}
)
ORIGIN_NAME = "ORIGIN.txt"


def format_notes(
    diff: ReleaseDiff,
    language: Language,
    *,
    title: str,
    packages: Iterable[ReleasedPackage],
    sums: Mapping[str, FileSum],
) -> str:
    """The notes of a release in Chinese or English: what changed, how to update, which files there are."""
    words = read_words(language)
    rows = "".join(f"\n| `{item.file}` | {item.notes} | {human_size(sums[item.file].bytes)} |" for item in packages)
    parts = (
        f"# {title} {diff.new.version}",
        markdown_changelog(describe_diff(diff, language)),
        words["how-to-update"],
        words["files"] + rows,
        f"{words['check']}: `sha256sum --check --ignore-missing SHA256SUMS`",
    )
    return "\n\n".join(part.strip() for part in parts) + "\n"


def format_origin(
    *, title: str, version: str, origin: str, licence: str, sources: Iterable[tuple[str, str]], licences: Iterable[str]
) -> str:
    """``sources`` are the chapters' paths and texts; their sums tell which revision the deck was made of."""
    return "\n".join(_origin_lines(title, version, origin, licence, sources, licences)) + "\n"


def _origin_lines(
    title: str, version: str, origin: str, licence: str, sources: Iterable[tuple[str, str]], licences: Iterable[str]
) -> Iterator[str]:
    yield f"{title} {version}"
    if origin:
        yield f"来源 Origin: {origin}"
    if licence:
        yield f"许可证 Licence of the content: {licence}"
    if names := ", ".join(licences):
        yield f"许可证全文 Licence texts: {names}"
    yield ""
    yield "章节 Chapters (SHA-256):"
    for path, text in sources:
        yield f"{hashlib.sha256(text.encode()).hexdigest()}  {path}"
