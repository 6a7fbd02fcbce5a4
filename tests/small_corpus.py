"""A corpus from a chapter's text, and catalogs for it, for the tests of translation."""

from __future__ import annotations

from collections.abc import Mapping

from deckgen.chapters import parse_chapter
from deckgen.identity.lock import Lock
from deckgen.identity.matching import match
from deckgen.model import Corpus, KeyedCorpus, Language, Markdown
from deckgen.project.config import ChapterSettings
from deckgen.translation.catalog import Catalog, CatalogEntry

ZH, EN = Language("zh"), Language("en")
CHAPTER = "source/章.md"
TEXT = """## 1. 架构

### 1. 什么是旋转位置编码？

旋转位置编码是一种绝对位置编码策略。

它能达到相对位置编码的效果。

- 没有额外的参数
- 高效

### 2. 什么是残差连接？

残差连接把输入加到输出上。
"""


def keyed(
    chapters: Mapping[str, str] | str, lock: Lock | None = None, *, complete: bool = True
) -> tuple[KeyedCorpus, Lock]:
    """The questions of these chapters, by path, with their keys, and the lock after them."""
    texts = {CHAPTER: chapters} if isinstance(chapters, str) else chapters
    parsed = tuple(parse_chapter(text, path=path, settings=ChapterSettings())[0] for path, text in texts.items())
    matched = match(Corpus(language=ZH, chapters=parsed), lock, project_id="test", complete=complete, allow_empty=True)
    return matched.corpus, matched.lock


def filled(catalog: Catalog, **changes: object) -> Catalog:
    """Every entry translated as its source in brackets, so that each translation tells what it was made for."""
    return Catalog(
        language=catalog.language,
        path=catalog.path,
        entries=tuple(
            CatalogEntry(
                context=entry.context, source=entry.source, translation=made(entry.source), hint=entry.hint, **changes
            )  # type: ignore[arg-type]
            for entry in catalog.entries
        ),
    )


def made(source: str) -> Markdown:
    return Markdown(f"T[{source}]")
