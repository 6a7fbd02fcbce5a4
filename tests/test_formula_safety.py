"""Formulas are safe to set: by their commands, their nesting, their length; and nothing real is refused."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from maths import formulas_on_card
from projects import deckgen, make_project

from deckgen.markdown import parse_document
from deckgen.markdown.formula_safety import MAX_LENGTH, MAX_NESTING, active_commands, for_mathjax, refusal
from deckgen.model import Context, Dialect, Markdown
from deckgen.preview.formulas import mathml
from deckgen.render.cardhtml import card_html

PROGRAMS = [
    r"\let\b\bbox \b[background:url(https://example.org)]{x}",
    r"\newcommand\q[1]{\bbox[#1]y}\q{position:fixed}",
    r"\def\u{\unicode}\u[a;background:url(//example.org)]{65}",
    r"\def\frac#1#2{x}",
    r"\DeclareMathOperator{\frac}{x}",
    r"\newenvironment{matrix}{a}{b}",
    r"\Newextarrow{\x}{1,1}{8594}",
]
TOO_MUCH = [
    r"\frac1{" * 100 + "}" * 100,
    r"\sqrt{" * 150 + "}" * 150,
    "x^{" * 200 + "}" * 200,
    r"\left(" * 60 + r"\right)" * 60,
    r"\begin{matrix}" * 60 + r"\end{matrix}" * 60,
    r"\displaystyle " * 60 + "x",
    "{%}\n" * 60 + "}%{\n" * 60,
    r"\begin{array}{*{9999}{c}}x\end{array}",
    r"\begin{alignedat}{999999999}x\end{alignedat}",
    r"\hspace{-900em}x",
    r"\rule{9000px}{9000px}",
    r"\fcolorbox{red;position:fixed}{red}{x}",
    r"\xrightarrow[x]{" * 6 + "}" * 6,
    r"\xmapsto[{x}]{" * 6 + "}" * 6,
    r"\ce{->[" * 6 + "]}" * 6,
    r"\sqrt[\uproot{9999}3]{x}",
    r"\begin{multline}\shoveleft[-900em]{x}\\y\end{multline}",
    r"\smash{\rlap{\rule{30em}{9em}}}",
    "x" * (MAX_LENGTH + 1),
]
ORDINARY = [
    r"\mathcal{L}_{\theta} = -\sum_{i=1}^{N} \log p_\theta(x_i \mid x_{<i})",
    "\\begin{aligned} a &= b \\\\[2pt]\n &= c \\end{aligned}",
    r"\begin{array}{|l|c|r|} a & b & c \\ \hline \end{array}",
    r"\left\{ \begin{matrix} 1 \\ 0 \end{matrix} \right.",
    r"50\% \text{ of } \textcolor{red}{x} \quad \ce{H2O}",
    r"\underbrace{a+b}_{\text{和}} \xrightarrow[b]{a} \binom{n}{k} \bmod 2",
    r"[0,1) \cup (2, 3]",
    r"a \xrightarrow{1} b \xrightarrow{2} c \xrightarrow{3} d \xrightarrow{4} e \xrightarrow{5} f_{g_{h}}",
    r"\smash[b]{x}\mathllap{y}\hspace{2em}\ce{A ->[\text{热}] B_{2}^{+}}",
    "{" * MAX_NESTING + "}" * MAX_NESTING,
]


def card(markdown: str) -> str:
    return card_html(parse_document(Markdown(markdown), Context(dialect=Dialect.GFM)).html, chapter="a.md", images={})


@pytest.mark.parametrize("latex", PROGRAMS)
def test_a_formula_defines_nothing(latex: str) -> None:
    assert refusal(latex)
    assert active_commands(latex)


@pytest.mark.parametrize("latex", TOO_MUCH, ids=lambda latex: latex[:12])
def test_a_formula_that_a_phone_could_not_set_is_refused(latex: str) -> None:
    assert refusal(latex)


@pytest.mark.parametrize("latex", ORDINARY)
def test_an_ordinary_formula_is_set(latex: str) -> None:
    assert refusal(latex) is None
    assert not active_commands(latex)


@pytest.mark.parametrize("latex", [r"\frac{", "}", r"\left( x", r"\begin{matrix}", r"\left( } { \right)", "x\\"])
def test_what_is_not_closed_in_order_is_no_formula_to_mathjax(latex: str) -> None:
    assert refusal(latex)


def test_a_delimiter_within_a_formula_is_a_bracket() -> None:
    markdown = r"$( \frac{1}{1-p} \)$ 与 $\( a \)$ 与 $a \\[1pt] b$"
    shown = card(markdown)
    assert formulas_on_card(shown) == [r"\(( \frac{1}{1-p}  )\)", r"\(a\)", r"\(a \\[1pt] b\)"]
    assert len(for_mathjax(r"a\(b\\(")) == len(r"a\(b\\(")


def test_a_formula_leaves_nothing_behind_that_breaks_the_next_one() -> None:
    shown = formulas_on_card(card("$$\na \\label{eq:1} \\\\label{} \\label\n$$ $a \\label{x}$"))
    assert shown == [r"\(a          \)"]
    (kept,) = formulas_on_card(card("$$\na \\label{eq:1} \\\\label{}\n$$"))
    assert kept == r"\[a              \\label{}\]"


@given(st.text(alphabet="\\{}[]()%&$^_ \nabx", max_size=40))
def test_a_formula_on_a_card_ends_where_it_should(latex: str) -> None:
    """As MathJax looks for the end: escapes, braces, then its delimiter."""
    for formula in formulas_on_card(card(f"$$\n{latex}\n$$")):
        inner, depth, position = formula[2:], 0, 0
        while not (depth == 0 and inner.startswith(("\\)", "\\]"), position)):
            depth += {"{": 1, "}": -1}.get(inner[position], 0)
            position += 2 if inner[position] == "\\" else 1
        assert position == len(inner) - 2


@pytest.mark.parametrize("opening", ["[", "(", r"\{", r"\lfloor ", "x{[}", r"\lvert "])
def test_brackets_that_nothing_closes_do_not_keep_the_preview_busy(opening: str) -> None:
    started = time.process_time()
    mathml(f"x{opening * 32}y", display=False)
    mathml(f"x{opening * 9}y", display=False)
    assert time.process_time() - started < 2


def test_what_is_taken_out_of_titles_notes_and_translations_is_reported(tmp_path: Path) -> None:
    chapter = "## 甲<script>x</script>\n\n### 1. 什么是<b onclick=x>A</b>？ $\\def\\a{b}$\n\n好。\n"
    folder = make_project(tmp_path, chapter=chapter, picture=False)
    assert deckgen("translate", "extract", "--project", folder).exit_code == 0
    catalog = next((folder / "locale/en").glob("*.po"))
    po = catalog.read_text(encoding="utf-8")
    head, entry, rest = po.rpartition('msgid "好。"\nmsgstr ""')
    assert entry
    catalog.write_text(f'{head}msgid "好。"\nmsgstr "Good <iframe src=x></iframe>$\\\\href{{x}}{{y}}$"{rest}', "utf-8")
    key = po.split('|question"')[0].rpartition('"')[2]
    (folder / "source/notes.toml").write_text(f'[{key}]\nzh = """\n注\n\n<b onmouseover=x>a</b>\n"""\n', "utf-8")
    output = deckgen("check", "--project", folder).output
    for place, what in (
        ("source/chapter.md:1", "<script> is left out"),
        ("source/chapter.md:3", "an event handler is left out"),
        ("source/chapter.md:3", r"\def is no command"),
        ("locale/en/chapter.po", "<iframe> is left out"),
        ("locale/en/chapter.po", r"\href is no command"),
        ("source/notes.toml:5", "an event handler is left out"),
    ):
        assert any(place in line and what in line for line in output.splitlines()), (place, what, output)
