"""How the time of rendering, translating and reading grows: each text is doubled, and the ratio should stay near two.

    python benchmarks/render_scaling.py [--chapter-mb N]

A row per kind of text: seconds for each size and the last ratio. Then a chapter of N MB (10 by default) made of answers
of an ordinary kind, against one of a tenth of it.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from functools import partial

from deckgen.apkg.database import media_references
from deckgen.markdown import parse_document
from deckgen.markdown.brackets import find_unknown_html, find_unsafe_html, literal_brackets
from deckgen.model import Context, Dialect, Markdown
from deckgen.render.cardhtml import card_html
from deckgen.translation.inline import protected

UNITS = {
    "bold": "**粗** ", "links": "[a](https://example.org) ", "relative links": "[a](b) ", "code": "`a` ",
    "formulas": "$a$ ", "open formulas": "$ a", "slashes": "\\(", "brackets": "[", "pictures": "![a](b) ",
    "open tags": "<a ", "types": "vector<int> ", "ticks": "`a", "stars": "*a **b ", "paragraphs": "段\n\n",
    "lines": "行\n", "fences": "```python\nx = 1\n```\n", "display": "$$\na\n$$\n\n", "open display": "$$\na\n",
    "tables": "|a|b|\n|-|-|\n|c|d|\n\n", "rows": "|a|b|\n", "items": "- a\n", "comments": "<!-- a -->",
    "open comments": "<!-- ", "raw": "<sup>a</sup>", "one word": "字", "open verbatim": "<pre ", "block tags": "<div ",
    "raw blocks": "<p>a</p>\n", "footnotes": "[^", "blanks": " ", "spaced slashes": "\\[ ",
    "letters": "a",
}  # fmt: skip
ANSWER = """**定义：**一个 *词* 与 `code`，公式 $x_{i}<y$ 与 vector<int>，见 [链接](https://example.org)。

1. 第一
2. 第二 $$\\frac{a}{b}$$

| a | b |
|---|---|
| 1 | $|x|$ |

```python
def f(x: int) -> int:
    return x
```

"""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--chapter-mb", type=float, default=10)
    options = parser.parse_args()
    sizes = (25_000, 50_000, 100_000)
    print("text".ljust(16), *(f"{size // 1000:>6} k" for size in sizes), "  ratio")
    worst = 0.0
    for name, unit in UNITS.items():
        texts = [unit * (size // len(unit)) for size in sizes]
        times = [_seconds(partial(_render, text)) for text in texts]
        ratio = times[-1] / times[-2] if times[-1] > 0.1 else 0.0
        worst = max(worst, ratio)
        print(name.ljust(16), *(f"{each:8.2f}" for each in times), f"{ratio:7.1f}" if ratio else "      -", flush=True)
    whole = round(options.chapter_mb * 1_000_000 / len(ANSWER.encode()))
    tenth = _seconds(lambda: _chapter(whole // 10))
    full = _seconds(lambda: _chapter(whole))
    print(f"chapter of {options.chapter_mb / 10:g} MB {tenth:.1f} s, of {options.chapter_mb:g} MB {full:.1f} s")
    return int(worst > 3.5 or full > 15 * tenth)


def _render(text: str) -> None:
    html = parse_document(Markdown(text), Context(dialect=Dialect.GFM)).html
    card_html(html, chapter="c.md", images={})
    list(find_unknown_html(text, (), literal_brackets(text)))
    list(find_unsafe_html(f"]({text}", (), ()))
    assert parse_document(Markdown(f"<div>\n{text}"), Context(dialect=Dialect.PYTHON_MARKDOWN)).blocks is not None
    protected(text)
    media_references(f"<img {text}")


def _chapter(answers: int) -> None:
    for number in range(answers):
        _render(f"{ANSWER}{number}")


def _seconds(work: Callable[[], None]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


if __name__ == "__main__":
    sys.exit(main())
