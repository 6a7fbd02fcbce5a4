"""Small corpora and decks for tests of identity, made without reading or rendering anything."""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence

from deckgen.identity.keys import edition_guid
from deckgen.identity.lock import Lock
from deckgen.identity.matching import Matched, match
from deckgen.model import (
    CardTemplate,
    Category,
    Chapter,
    Context,
    Corpus,
    Deck,
    Dialect,
    Key,
    Language,
    Location,
    Markdown,
    Note,
    NoteField,
    NoteType,
    Question,
    parse_edition,
)

PROJECT = "test-project"
_WORDS = (
    "梯度 参数 注意力 残差 归一化 学习率 优化器 显存 并行 精度 损失 采样 温度 解码 编码 词表 位置 向量 矩阵 "
    "低秩 蒸馏 剪枝 量化 缓存 批次 序列 长度 窗口 专家 路由 奖励 偏好 策略 对齐 幻觉 检索 召回 重排 提示 微调 指令 "
    "因此 例如 相比 通过 减少 增加 保持 避免 导致 需要 可以 不同 相同 更大 更小 更快 更慢 稳定 收敛 过拟合"
).split()


def prose(seed: int, words: int = 60) -> str:
    """Text that no other seed's resembles more than two answers of one book do."""
    chosen = random.Random(seed)
    return "".join(
        f"{chosen.choice(_WORDS)}{chosen.choice(_WORDS)}{chosen.choice('，。的了在与')}" for _ in range(words)
    )


def reworded(text: str, seed: int, share: float = 0.1) -> str:
    """The text with a share of it, in one piece, replaced."""
    length = max(1, int(len(text) * share))
    start = random.Random(seed).randrange(max(1, len(text) - length))
    return text[:start] + prose(seed + 10_000)[:length] + text[start + length :]


def question(title: str, answer: str, *, key: str | None = None, path: str = "source/a.md", line: int = 1) -> Question:
    return Question(
        title=Markdown(title),
        answer=Markdown(answer),
        number="",
        location=Location(path=path, line=line),
        answer_line=line + 1,
        answer_column=1,
        end_line=line + 1,
        explicit_key=Key(key) if key else None,
    )


def chapter(path: str, categories: Iterable[tuple[str, Iterable[tuple[str, ...]]]]) -> Chapter:
    """A chapter of (category, ((title, answer) or (title, answer, key), …)), …"""
    line = 0
    found = []
    for name, items in categories:
        questions = []
        for item in items:
            line += 10
            questions.append(question(item[0], item[1], key=item[2] if len(item) > 2 else None, path=path, line=line))
        found.append(
            Category(title=Markdown(name), location=Location(path=path, line=line), questions=tuple(questions))
        )
    return Chapter(path=path, title=Markdown(path), context=Context(dialect=Dialect.GFM), categories=tuple(found))


def corpus(*chapters: Chapter) -> Corpus:
    return Corpus(language=Language("zh"), chapters=chapters)


def one(*items: tuple[str, ...], path: str = "source/a.md", category: str = "基础") -> Corpus:
    """A corpus of one chapter with one category."""
    return corpus(chapter(path, [(category, items)]))


def run(
    source: Corpus, lock: Lock | None = None, *, complete: bool = True, allow_empty: bool = False, reread: bool = False
) -> Matched:
    return match(source, lock, project_id=PROJECT, complete=complete, allow_empty=allow_empty, reread=reread)


def keys(matched: Matched) -> dict[str, str]:
    """Title → key; titles must be unique."""
    found = {item.question.title: item.key for item in matched.corpus.questions}
    assert len(found) == len(matched.corpus.questions)
    return dict(found)


def key_list(matched: Matched) -> list[str]:
    return [item.key for item in matched.corpus.questions]


def deck(
    matched: Matched, hashes: dict[str, str] | None = None, *, css: str = "", fields: Sequence[str] = ("Key",)
) -> Deck:
    """A zh-en deck of the corpus. A note's hash is its title and answer unless ``hashes`` has its key."""
    texts = {item.key: f"{item.question.title}/{item.question.answer}" for item in matched.corpus.questions}
    notes = tuple(
        Note(
            key=item.key,
            guid=edition_guid(item.guid, "zh-en"),
            category=item.category.key,
            fields=(item.key,),
            tags=(),
            media=(),
            position=position,
            content_hash=(hashes or {}).get(item.key, texts[item.key]),
            input_hash=texts[item.key],
            states=(),
        )
        for position, item in enumerate(matched.corpus.questions, 1)
    )
    return Deck(
        edition=parse_edition("zh-en"),
        id=1,
        name="Deck",
        description="",
        note_type=NoteType(
            id=7,
            name="type",
            fields=tuple(NoteField(name=name, id=100 + place) for place, name in enumerate(fields)),
            templates=(CardTemplate(name="Card 1", id=9, front="{{Key}}", back="{{Key}}"),),
            css=css,
        ),
        subdecks=(),
        notes=notes,
        media=(),
    )
