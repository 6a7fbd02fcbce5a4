"""Formulas as the real MathJax sets them, with Anki's own configuration of it."""

from __future__ import annotations

import tomllib
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from goldens import inputs
from maths import evaluate_beside, find_mathjax, formulas_on_card, set_formulas

from deckgen.markdown import parse_document
from deckgen.model import Context, Dialect, Markdown
from deckgen.render.cardhtml import card_html

if TYPE_CHECKING:
    from playwright.sync_api import Browser


@pytest.fixture(scope="module")
def mathjax() -> Path:
    found = find_mathjax()
    if found is None:
        pytest.skip("no MathJax: run npm ci in tests/, or name tex-chtml-full.js in DECKGEN_MATHJAX")
    return found


def card(text: str, dialect: Dialect = Dialect.GFM) -> str:
    return card_html(parse_document(Markdown(text), Context(dialect=dialect)).html, chapter="chapter.md", images={})


def test_mathjax_sets_every_formula_of_the_cases_without_an_error(browser: Browser, mathjax: Path) -> None:
    cards = [
        card(path.read_text(encoding="utf-8"), Dialect.PYTHON_MARKDOWN if "python" in path.stem else Dialect.GFM)
        for path in inputs("render")
    ]
    result = set_formulas(browser, mathjax, cards)
    assert result.errors == ()
    assert result.set == result.expected > 40


def test_mathjax_sets_nothing_that_is_no_formula(browser: Browser, mathjax: Path) -> None:
    text = r"价格 $5 和 $10，\\(字面\\)，\\[也是\\]，`\(x\)`，arr\[0\]、$HOME/$PATH" + "\n\n```\n\\(x\\)\n$$y$$\n```"
    result = set_formulas(browser, mathjax, [card(text)])
    assert result.expected == 0
    assert result.stray == 0


@pytest.mark.parametrize(
    ("text", "formulas"),
    [
        ("$x<y>z&w$", [r"\(x<y>z&w\)"]),
        ("$\\( \\sqrt{d_k} \\)$", [r"\(\sqrt{d_k}\)"]),
        ("文 $$\\( a \\)$$ 中", [r"\(a\)"]),
        ("$$\\[ a \\]$$", [r"\[a\]"]),
        ("$x=-10\u200b$", [r"\(x=-10\)"]),
        ("$$\na\n\nb\n$$", ["\\[a\n\nb\\]"]),
        ("$\na\n$", [r"\[a\]"]),
        ("|a|\n|-|\n|$\\left \\|x-y \\right \\|$|", [r"\(\left |x-y \right |\)"]),
        ("$a*b*c$ _$d_e$_", [r"\(a*b*c\)", r"\(d_e\)"]),
        ("$$\n- a\n= b\n> c\n$$", ["\\[- a\n= b\n> c\\]"]),
        ("$$\n```\nx\n```\n$$", []),
        ("`$a$` ``$`b`$``", []),
        ("<!-- $a$ --> $b$", [r"\(b\)"]),
        ("[a](https://example.org/$x$) $y$", [r"\(y\)"]),
        ("$5 和 $10，\\$3 与 \\$4", []),
        ("$ 4 $分与 $[0,1]$", [r"\(4\)", r"\([0,1]\)"]),
    ],
)
def test_a_formula_is_read_as_it_was_meant(text: str, formulas: list[str]) -> None:
    assert formulas_on_card(card(text)) == formulas


@pytest.mark.parametrize("text", ["$x<y$", "$$\na\n\n+ b\n$$", r"\( z \) \[ w \]", "| a |\n|---|\n| $|x|$ |"])
def test_both_dialects_show_the_same_formulas(text: str) -> None:
    assert formulas_on_card(card(text)) == formulas_on_card(card(text, Dialect.PYTHON_MARKDOWN)) != []


def test_a_formula_with_a_label_is_set_each_time_its_card_comes(browser: Browser) -> None:
    if not (mathjax := find_mathjax()):
        pytest.skip("MathJax is not there: run tests/setup_browser.py to see why")
    shown = card("$$\n\\begin{equation} E = mc^2 \\label{eq:e} \\end{equation}\n$$")
    result = set_formulas(browser, mathjax, [shown, shown])
    assert (result.set, result.errors) == (2, ())


_TABLES = """async () => {
  await MathJax.startup.promise;
  const { ConfigurationHandler } = MathJax._.input.tex.Configuration;
  const { MapHandler } = MathJax._.input.tex.MapHandler;
  const names = { commands: [], environments: [] };
  for (const name of MathJax.config.tex.packages) {
    const handler = ConfigurationHandler.get(name)?.handler ?? {};
    for (const kind of ["macro", "delimiter", "environment"]) {
      for (const table of handler[kind] ?? []) {
        for (const key of MapHandler.getMap(table)?.map?.keys() ?? []) {
          if (kind === "environment") { names.environments.push(key); }
          else { names.commands.push(key.replace(/^\\\\/, "")); }
        }
      }
    }
  }
  return names;
}"""


def test_the_commands_that_formulas_may_use_are_those_of_mathjaxs_own_tables(browser: Browser, mathjax: Path) -> None:
    """Whatever a new MathJax has besides stays out until somebody has looked at it."""
    page = f'<!doctype html><script src="{mathjax.name}"></script>'
    tables = evaluate_beside(mathjax, browser, page, _TABLES)
    data = tomllib.loads(resources.files("deckgen.markdown").joinpath("mathjax.toml").read_text(encoding="utf-8"))
    listed = {name for names in data["commands"].values() for name in names.split()}
    assert len(tables["commands"]) > 1000
    assert listed - {*tables["commands"]} == {"of"}  # a part of \root, no command of its own
    assert sorted({*data["environments"].split()} - {*tables["environments"]}) == []
    dangerous = {
        *"def let newcommand renewcommand newenvironment href class style cssId require mmlToken unicode".split()
    }
    assert dangerous <= {*tables["commands"]}
    assert not listed & {*dangerous, "data", "label"}  # MathJax 4 has \data
