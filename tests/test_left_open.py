"""What is left open in one answer costs no other question its card, and is named at its opening."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from msgspec.structs import replace
from projects import NOON, deckgen, make_project

from deckgen.chapters import apply_ignores, parse_chapter
from deckgen.diagnostics import diagnostic
from deckgen.model import Location
from deckgen.project.config import ChapterSettings

TOPICS = "锁 互斥量 信号量 条件变量 读写锁 自旋锁 屏障 原子操作 内存序 无锁队列 线程池 协程 管道 套接字".split()
STYLES: Mapping[str, Callable[[int, str], str]] = {
    "html": lambda number, topic: f'<h3 id="{number}.{topic}">{number}.{topic}</h3>',
    "html without numbers": lambda number, topic: f"<h3>{topic}</h3>",
    "numbered": lambda number, topic: f"### {number}. {topic}",
    "asking": lambda number, topic: f"## 什么是{topic}？",
    "topics": lambda number, topic: f"## {topic}",
    "underlined": lambda number, topic: f"什么是{topic}？\n---",
    "bold": lambda number, topic: f"**{number}. 什么是{topic}？**",
    "lines": lambda number, topic: f"{number}、什么是{topic}？",
    "questions": lambda number, topic: f"Q：什么是{topic}？\n\nA：",
    "summaries": lambda number, topic: f"<details>\n<summary>什么是{topic}？</summary>",
}
OPENINGS = (
    "<pre> <textarea> <script> <style> <details> <!-- <div> <table> <svg> <select> <title> <noscript> <iframe> <code> "
    "<![CDATA[ <?php <math> <xmp> <plaintext> <template> <h3>"
).split()
NAMED = ("<pre>", "<textarea>", "<script>", "<style>", "<details>", "<!--")


def _chapter(style: str, opening: str, closing: str = "") -> str:
    parts = ["# 并发"]
    for number, topic in enumerate(TOPICS, 1):
        parts += (STYLES[style](number, topic), f"{topic}是一种同步手段，用来保护数据。")
        parts += [opening, "里面的字"] if number == 2 and opening else []
        parts += [closing] if number == 12 and closing else []
        parts += ["</details>"] if style == "summaries" else []
    return "\n\n".join(parts) + "\n"


def _closings(opening: str) -> tuple[str, ...]:
    """Nothing, what closes it ten questions later, and another one that is whole."""
    name = opening.strip("<>")
    return ("", "<!-- x -->") if opening == "<!--" else ("", f"</{name}>", f"<{name}>y</{name}>")


@pytest.mark.parametrize("style", STYLES)
def test_nothing_left_open_swallows_a_question(style: str) -> None:
    for opening in OPENINGS:
        for closing in _closings(opening):
            if style == "summaries" and (opening, closing) == ("<details>", "</details>"):
                continue  # a fold with ten folds in it
            chapter, findings = parse_chapter(
                _chapter(style, opening, closing), path="source/c.md", settings=ChapterSettings()
            )
            titles = [question.title for category in chapter.categories for question in category.questions]
            assert all(any(topic in title for title in titles) for topic in TOPICS), (opening, closing, titles)
            told = [found for found in findings if found.rule in ("unclosed-html", "unclosed-comment")]
            if opening in NAMED and not (opening == "<details>" and (closing == "</details>" or style == "summaries")):
                line = _chapter(style, opening, closing).split("\n").index("里面的字") - 1
                assert [found.location.line for found in told if found.location] == [line], (opening, closing)


def test_an_element_with_headings_in_it_stays_whole() -> None:
    text = "# 提示词\n\n## 什么是提示词？\n\n<pre>\n\n## 指令\n\n## 输入\n\n</pre>\n\n## 怎样写？\n\n写清楚。\n"
    chapter, findings = parse_chapter(text, path="source/c.md", settings=ChapterSettings())
    assert [len(category.questions) for category in chapter.categories] == [2]
    assert "unclosed-html" not in {found.rule for found in findings}


def test_no_card_retires_because_of_one_tag(tmp_path: Path) -> None:
    folder = make_project(tmp_path, chapter=_chapter("topics", ""), picture=False)
    assert deckgen("build", "--project", folder).exit_code == 0
    before = (folder / "deckgen.lock").read_text(encoding="utf-8")
    make_project(tmp_path, chapter=_chapter("topics", "<pre>", "</pre>"), picture=False)
    result = deckgen("build", "--project", folder, now=NOON + 100)
    assert result.exit_code == 0
    assert "[unclosed-html]" in result.stderr
    after = (folder / "deckgen.lock").read_text(encoding="utf-8")
    assert "retired" not in after
    assert after.count('"guid"') == before.count('"guid"')


def test_comments_above_one_another_hold_for_one_block_and_cost_time_only_once() -> None:
    findings = (diagnostic("ineffective-bold", "x", Location(path="source/c.md", line=20_004)),)
    text = "## 什么？\n\n" + "<!-- deckgen: ignore[ineffective-bold] -->\n" * 20_000 + "\n** x **\n\n** y **\n"
    chapter, _ = parse_chapter(text, path="source/c.md", settings=ChapterSettings())
    chapter = replace(chapter, categories=())
    start = time.process_time()
    kept = apply_ignores(text, chapter, findings, checked=lambda _: True)
    assert time.process_time() - start < 5
    assert [found.location.line for found in kept if found.location] == [*range(4, 20_003)]
