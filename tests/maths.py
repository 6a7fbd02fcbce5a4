"""Formulas counted in sources and on cards, and set by the real MathJax in a real browser."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from deckgen.markdown.formulas import find_formulas
from deckgen.markdown.tree import parse_tree
from deckgen.model import Html

if TYPE_CHECKING:
    from playwright.sync_api import Browser

MATHJAX = Path(__file__).parent / "node_modules/mathjax/es5/tex-chtml-full.js"
CHOICE = "DECKGEN_MATHJAX"
"""An environment variable: the path of MathJax's tex-chtml-full.js."""
_MATHS_FENCE = re.compile(r"^[ \t>]*(?:[-*+]|\d+[.)])?[ \t]*(?:`{3,}|~{3,})[ \t]*math[ \t]*$", re.MULTILINE)


def find_mathjax() -> Path | None:
    """MathJax as npm's package has it, or the one that is named."""
    path = Path(os.environ[CHOICE]) if os.environ.get(CHOICE) else MATHJAX
    return path if path.is_file() else None


def count_source_formulas(markdown: str) -> int:
    return len(find_formulas(markdown)) + len(_MATHS_FENCE.findall(markdown))


def formulas_on_card(html: str) -> list[str]:
    """The LaTeX of each formula, with its delimiters."""
    return [
        "".join(element.itertext())
        for element in parse_tree(Html(html)).iter("span")
        if "dg-math" in (element.get("class") or "").split()
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Typeset:
    """``errors`` are messages with the formula; ``stray`` what MathJax set that is no formula of ours."""

    expected: int
    set: int
    errors: tuple[str, ...]
    stray: int


_SCRIPT = """async () => {
  await MathJax.startup.promise;
  const found = [...document.querySelectorAll(".dg-math")];
  const sources = found.map(element => element.textContent);
  await MathJax.typesetPromise();
  const set = found.filter(element => element.querySelector("mjx-container")).length;
  const errors = [];
  found.forEach((element, index) => {
    const error = element.querySelector("mjx-merror");
    if (error) { errors.push((error.getAttribute("data-mjx-error") || "error") + ": " + sources[index]); }
  });
  return { set, errors, all: document.querySelectorAll("mjx-container").length };
}"""
_PAGE = """<!doctype html><meta charset="utf-8"><script>
MathJax = { tex: { displayMath: [["\\\\[", "\\\\]"]], processEscapes: false, processEnvironments: false,
  processRefs: false, packages: { "[-]": ["noerrors", "textmacros"] } }, startup: { typeset: false } };
</script><script src="%s"></script><body>%s</body>"""
"""Anki's own configuration of MathJax, save that an error is shown."""


def evaluate_beside(script: Path, browser: Browser, html: str, function: str) -> Any:
    """What a JavaScript function returns in a page that lies beside ``script``, which it may load by its name."""
    page = browser.new_page()
    file = script.parent / f".page-{os.getpid()}.html"
    file.write_text(html, encoding="utf-8")
    try:
        page.goto(file.resolve().as_uri())
        return page.evaluate(function)
    finally:
        file.unlink()
        page.close()


def set_formulas(browser: Browser, script: Path, cards: list[str]) -> Typeset:
    """What MathJax makes of the formulas of ``cards``, all on one page."""
    body = "\n".join(f"<div>{card}</div>" for card in cards)
    result = evaluate_beside(script, browser, _PAGE % (script.name, body), _SCRIPT)
    return Typeset(
        expected=sum(len(formulas_on_card(card)) for card in cards),
        set=result["set"],
        errors=tuple(result["errors"]),
        stray=result["all"] - result["set"],
    )
