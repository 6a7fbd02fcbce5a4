"""Release notes in Markdown, one text per language, and the text that says where the deck comes from."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType

from deckgen.model import Language
from deckgen.releases.changelog import describe_diff
from deckgen.releases.diff import ReleaseDiff
from deckgen.releases.formats import markdown_changelog
from deckgen.releases.release_manifest import FileSum, ReleasedPackage
from deckgen.sizes import human_size

NOTES_NAMES: Mapping[Language, str] = MappingProxyType(
    {Language("zh"): "RELEASE-NOTES.zh-CN.md", Language("en"): "RELEASE-NOTES.en.md"}
)
ORIGIN_NAME = "ORIGIN.txt"
_UPDATE: Mapping[Language, tuple[str, str]] = MappingProxyType(
    {
        Language("zh"): (
            "## 如何更新\n\n"
            "直接把新版 `.apkg` 导入 Anki 即可（保持默认选项），不必先删除旧牌组。学习进度、标旗和暂停状态会保留；"
            "只有本版改动过的笔记会被更新，您在这些笔记上自己写的内容会被覆盖，其他笔记不受影响。"
            "更换语言版本是另一套卡片，学习进度从头开始。",
            "## 文件\n\n| 文件 | 卡片 | 大小 |\n|---|---:|---:|",
        ),
        Language("en"): (
            "## How to update\n\n"
            "Import the new `.apkg` into Anki with its default options; keep the old deck. Schedules, flags and "
            "suspensions stay. Only notes that changed in this version are updated; what you wrote into such a note "
            "yourself is overwritten, all others stay as they are. Another edition is another set of cards and starts "
            "afresh.",
            "## Files\n\n| file | cards | size |\n|---|---:|---:|",
        ),
    }
)
_CHECK: Mapping[Language, str] = MappingProxyType(
    {Language("zh"): "核对下载的文件", Language("en"): "To check what you downloaded"}
)


def format_notes(
    diff: ReleaseDiff,
    language: Language,
    *,
    title: str,
    packages: Iterable[ReleasedPackage],
    sums: Mapping[str, FileSum],
) -> str:
    """The notes of a release in Chinese or English: what changed, how to update, which files there are."""
    update, files = _UPDATE[language]
    rows = "".join(f"\n| `{item.file}` | {item.notes} | {human_size(sums[item.file].bytes)} |" for item in packages)
    check = f"{_CHECK[language]}: `sha256sum --check --ignore-missing SHA256SUMS`"
    parts = (
        f"# {title} {diff.new.version}",
        markdown_changelog(describe_diff(diff, language)),
        update,
        files + rows,
        check,
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
