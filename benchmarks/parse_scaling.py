"""Whether reading a chapter takes time in proportion to its size, however nasty the chapter is.

    python benchmarks/parse_scaling.py [--size KB] [--doublings N]

A row per kind of chapter: the seconds that parsing and linting take for each size, every size twice the one before, and
the largest ratio between neighbours. 2 is linear; above 3 the row is marked and the exit code is 1.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from itertools import pairwise

from deckgen.chapters import parse_chapter
from deckgen.lint import lint_chapter
from deckgen.markdown import Documents
from deckgen.project.config import ChapterSettings

QUESTION = "<h3 id='{n}.问题'>{n}.为什么第{n}种方法更好？</h3>\n\n因为它**更快**，公式是 $x_{n}^2$。\n\n- 一\n- 二\n\n"
LIST_ENTRY = "- [{n}.为什么第{n}种方法更好？](#{n}.问题)\n"


def _numbered(template: str) -> Callable[[int], str]:
    def make(size: int) -> str:
        parts, length, number = [], 0, 0
        while length < size:
            number += 1
            parts.append(template.replace("{n}", str(number)))
            length += len(parts[-1])
        return "".join(parts)

    return make


def _repeated(unit: str, head: str = "## 1. 什么是甲？\n\n", tail: str = "\n") -> Callable[[int], str]:
    return lambda size: head + unit * (size // len(unit)) + tail


def _with_contents(size: int) -> str:
    return _numbered(LIST_ENTRY)(size // 2) + "\n<h2 id='1.章'>1.章</h2>\n\n" + _numbered(QUESTION)(size // 2)


def _deep(unit: str) -> Callable[[int], str]:
    """Ever deeper nesting: the depth grows with the square root of the size."""

    def make(size: int) -> str:
        depth = int((2 * size / max(1, len(unit))) ** 0.5)
        return "## 1. 什么是甲？\n\n" + "".join(f"{unit * level}- x\n" for level in range(depth))

    return make


KINDS: dict[str, Callable[[int], str]] = {
    "questions": _numbered(QUESTION),
    "questions with contents": _with_contents,
    "entries without bodies": lambda size: _numbered(LIST_ENTRY)(size) + "\n## 1. 什么是甲？\n\n甲。\n",
    "headings": _numbered("# {n}\n"),
    "headings of one title": _repeated("## 同一个\n\n文\n\n"),
    "html headings on a line": _repeated("<h2>1.甲</h2>"),
    "html headings, never closed": _repeated("<h2 id='a'>甲 "),
    "open quotes in tags": _repeated('<h2 id="'),
    "a long line": _repeated("长"),
    "backticks": _repeated("`a``b```c"),
    "stars": _repeated("**a*b***"),
    "stars beside marks": _repeated("甲**乙：**丙 "),
    "dollars": _repeated("$a$$b$ "),
    "brackets": _repeated("[a]("),
    "angle brackets": _repeated("<a <b <div "),
    "comments, never closed": _repeated("<!-- a\n"),
    "comments in a paragraph": _repeated("a <!-- b\n", tail="-->\n"),
    "fences": _repeated("```\n# x\n"),
    "fences with headings": _numbered("```python\n<h3>{n}.问题？</h3>\n"),
    "quotes": _deep("> "),
    "lists": _deep("  "),
    "bold lines": _numbered("**{n}. 问题？**\n\n答。\n\n"),
    "question and answer lines": _numbered("Q{n}：问题？\nA：答。\n\n"),
    "definitions": _numbered("[a{n}]: https://example.org/{n}\n"),
    "answers with definitions": _numbered("## {n}. 问题？\n\n[x][a{n}]\n\n[a{n}]: https://example.org/{n}\n\n"),
    "ignore comments": _numbered("## {n}. 问题？\n\n<!-- deckgen: ignore[long-answer] -->\n\n甲。\n\n"),
    "underlines": _repeated("---\n"),
    "spaces": _repeated(" " * 63 + "x"),
    "spaces in a link": _repeated(" ", head="## 1. 什么是甲？\n\n]("),
    "open formulas": _repeated("\\( ", tail="\\)\n"),
    "digits": _repeated("1", head="## "),
    "dotted digits": _repeated("1.", head="## "),
    "hashes": _repeated("#"),
    "conflicts": _repeated("<<<<<<< a\nx\n=======\ny\n>>>>>>> b\n"),
    "control characters": _repeated("a\u200b\x01"),
    "front matter": _repeated("a: b\n", head="---\n"),
}


def seconds(text: str) -> float:
    start = time.process_time()
    chapter, _ = parse_chapter(text, path="chapter.md", settings=ChapterSettings())
    lint_chapter(chapter, text, Documents())
    return time.process_time() - start


def main() -> int:
    options = argparse.ArgumentParser()
    options.add_argument("--size", type=int, default=250, help="the smallest size, in thousands of characters")
    options.add_argument("--doublings", type=int, default=2)
    options.add_argument("kinds", nargs="*", help="only these kinds")
    chosen = options.parse_args()
    worst = 0.0
    for name, make in KINDS.items():
        if chosen.kinds and name not in chosen.kinds:
            continue
        times = [seconds(make(chosen.size * 1000 * 2**step)) for step in range(chosen.doublings + 1)]
        # Below a twentieth of a second a ratio says nothing.
        ratio = max((b / a for a, b in pairwise(times) if b > 0.05), default=0.0)
        worst = max(worst, ratio)
        print(f"{name:32} {'  '.join(f'{t:8.3f}' for t in times)}   ×{ratio:.2f}{'  <<<' if ratio > 3 else ''}")
    return 1 if worst > 3 else 0


if __name__ == "__main__":
    sys.exit(main())
