"""What Markdown without raw HTML makes needs neither sanitiser nor tree: without them the page is the same, always."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from deckgen.markdown import document, parse_document
from deckgen.model import Context, Dialect, Markdown

GFM = Context(dialect=Dialect.GFM)
CASES = sorted(Path(__file__).parent.glob("cases/**/*.md"))
PIECES = [
    *"*_`~\\<>&\"'|$#-+\t\n \u00a0\u0085\u0338\u200b\ufeff",
    *("**", "***", "```", "~~", "> ", "- ", "1. ", "5) ", "## ", "\n\n", "\n---\n", "  \n", "    "),
    *("中文，", "“粗：”", "（斜）", "e\u0301", "word", "&amp;", "&quot;", "&nbsp;", "&#39;", "[TOC]", "- [ ] ", "[^1]"),
    *("[a](https://x.org/a?b=c)", "[b](b.md)", "https://a.b/c", "[x https://y.z w](https://q.r)", "![i](a.png)", "<b>"),
    *("$x<y$", "$$\\frac{a}{b}$$", "\\(a\\)", "$\\href{a}{b}$", "$`x`$", "```math\nx\n```\n", "{{c}}", "<!-- c -->"),
    *(
        "\n```python\nx = \"a\" & 'b'\n```\n",
        '\n```nobody\n"a"\n```\n',
        "\n|a|b|\n|---|:-:|\n|c|$d|e$|\n",
        "> [!NOTE]\n> a",
    ),
]


@given(st.lists(st.sampled_from(PIECES), max_size=20).map("".join))
@example("*\n\n文")
@example('```-\n"a" 5$`[r]5$\n```')
def test_a_page_is_the_same_with_sanitiser_and_tree(text: str) -> None:
    quick = parse_document(Markdown(text), GFM)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(document, "sanitize_plain", lambda raw: None)
        assert parse_document(Markdown(text), GFM) == quick


def test_real_markdown_is_mostly_spared_them(monkeypatch: pytest.MonkeyPatch) -> None:
    plain: list[bool] = []
    slow = document.page_html
    monkeypatch.setattr(document, "page_html", lambda safe: (plain.append(False), slow(safe))[1])
    text = "**粗：**文 `c` [l](https://x.org) $x < y$\n\n- 一\n- 二\n\n|a|b|\n|-|-|\n|1|2|\n\n```python\nx = 1\n```\n"
    assert "dg-math" in parse_document(Markdown(text), GFM).html
    assert plain == []


def test_every_case_is_the_same_with_sanitiser_and_tree(monkeypatch: pytest.MonkeyPatch) -> None:
    texts = [
        Markdown(part) for path in CASES for part in path.read_text(encoding="utf-8", errors="replace").split("\n#")
    ]
    quick = [parse_document(text, GFM) for text in texts]
    monkeypatch.setattr(document, "sanitize_plain", lambda raw: None)
    assert [parse_document(text, GFM) for text in texts] == quick
