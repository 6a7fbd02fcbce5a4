"""A card's formulas → MathML, so that a page shows them without a script: the only module that imports math_core."""

import html
import re
from functools import lru_cache
from xml.etree import ElementTree

import math_core

_FORMULA = re.compile(
    r"""(<span\b[^>]*\bclass="[^"]*\bdg-math\b[^"]*"[^>]*>)\s*\\(?:\((.*?)\\\)|\[(.*?)\\\])\s*</span>""", re.DOTALL
)
_DELIMITED = re.compile(r"\\\((.*?)\\\)|\\\[(.*?)\\\]", re.DOTALL)
_NESTED = re.compile(r"\\[(\[](.*)\\[)\]]", re.DOTALL)
_TAG = re.compile(r"\\tag\*?\{[^{}]*\}")
_CONVERTER = math_core.LatexToMathML(
    ignore_unknown_commands=True,
    allow_unreliable_rendering=True,
    macros={"substack": r"\begin{matrix}#1\end{matrix}", "bm": r"\boldsymbol{#1}"},
    fancy_error=False,
)
_MAX_UNMATCHED = 10
_BRACKET = re.compile(
    r"(?P<open>\\\{|[(\[⟨]|\\(?:[lL](?:floor|ceil|angle|brace|brack|vert|Vert|paren|group|moustache)|[ul]lcorner|llbracket)\b)"
    r"|(?P<close>\\\}|[)\]⟩]|\\(?:r(?:floor|ceil|angle|brace|brack|vert|Vert|paren|group|moustache)|[ul]rcorner|rrbracket)\b)"
    r"|(?P<begin>\{)|(?P<end>\})|\\(?:[A-Za-z]+|.)",
    re.DOTALL,
)


def with_mathml(card: str) -> str:
    r"""The card with ``\(…\)`` and ``\[…\]`` in elements of class ``dg-math`` set as MathML.

    What is no valid LaTeX stays on the card as its source, marked as an error; the rest of the card is untouched.
    """
    if "dg-math" not in card:
        return card
    return _FORMULA.sub(_place, card)


@lru_cache(maxsize=8192)
def mathml(latex: str, *, display: bool) -> str | None:
    """The MathML of a formula; None where it is no valid LaTeX. Unknown commands show as themselves, as in MathJax."""
    if _unmatched_brackets(latex) > _MAX_UNMATCHED:
        return None
    prepared = _prepared(latex)
    plain = _TAG.sub("", prepared)
    shown = (_converted(_tagged(prepared), display=True) if display else None) or _converted(plain, display=display)
    if shown is None:
        return None
    # It writes what follows a backslash as it stands.
    shown = shown.replace("\\<", "\\&lt;")
    # Browsers paint an merror in colours of their own, which cannot be read by night.
    return re.sub(r"<(/?)merror\b[^>]*>", r"<\1mrow>", shown)


def _unmatched_brackets(latex: str) -> int:
    """How many brackets are opened in a group and not closed there: the converter takes 2ⁿ steps for n of them."""
    unmatched, groups = 0, [0]
    for found in _BRACKET.finditer(latex):
        match found.lastgroup:
            case "open":
                groups[-1] += 1
            case "close":
                groups[-1] = max(0, groups[-1] - 1)
            case "begin":
                groups.append(0)
            case "end":
                unmatched += groups.pop()
                groups = groups or [0]
    return unmatched + sum(groups)


def with_plain_formulas(text: str) -> str:
    r"""A text with each ``\(…\)`` and ``\[…\]`` as plain characters; what is no valid LaTeX, as its source."""
    return _DELIMITED.sub(lambda found: _in_line(found[1] or found[2] or ""), text)


def _in_line(latex: str) -> str:
    shown = mathml(latex, display=False)
    if shown is None:
        return latex
    try:
        return _text_of(ElementTree.fromstring(shown))
    except ElementTree.ParseError:
        return latex


def _text_of(element: ElementTree.Element) -> str:
    parts = [_text_of(child) for child in element]
    match element.tag, parts:
        case "msqrt", _:
            return f"√{_grouped(''.join(parts))}"
        case "mfrac", [above, below]:
            return f"{_grouped(above)}/{_grouped(below)}"
        case "msub" | "munder", [base, low]:
            return f"{base}_{_grouped(low)}"
        case "mover", [base, high] if len(high) == 1:
            return base + high
        case "msup" | "mover", [base, high]:
            return f"{base}{'^' if high.isalnum() or len(high) > 1 else ''}{_grouped(high)}"
        case "msubsup" | "munderover", [base, low, high]:
            return f"{base}_{_grouped(low)}^{_grouped(high)}"
        case "mspace", _:
            return " "
        case _:
            return (element.text or "") + "".join(parts)


def _grouped(text: str) -> str:
    return text if len(text) < 2 or text.isalnum() else f"({text})"


def _converted(latex: str, *, display: bool) -> str | None:
    try:
        return _CONVERTER.convert_with_local_state(latex, displaystyle=display)
    except math_core.LatexError:
        return None


def _place(found: re.Match[str]) -> str:
    display = found[2] is None
    latex = html.unescape(found[3] if display else found[2])
    shown = mathml(latex, display=display)
    if shown is None:
        return f'{found[1]}<code class="dg-math-error">{html.escape(latex)}</code></span>'
    return f"{found[1]}{shown}</span>"


def _prepared(latex: str) -> str:
    """What MathJax takes and the converter does not, written so that both take it."""
    if nested := _NESTED.fullmatch(latex.strip()):
        latex = nested[1]
    latex = re.sub(r"(\\(?!operatorname|hspace|vspace|tag)[A-Za-z]+)\*", r"\1 *", latex)
    latex = latex.replace(r"\begin{eqnarray}", r"\begin{array}{rcl}").replace(r"\end{eqnarray}", r"\end{array}")
    latex = latex.replace(r"\begin{eqnarray*}", r"\begin{array}{rcl}").replace(r"\end{eqnarray*}", r"\end{array}")
    latex = re.sub(r"\\(begin|end)\{(equation|align|gather|multline)\}", r"\\\1{\2*}", latex)  # Anki numbers nothing
    return re.sub(r"\\label\{[^{}]*\}", "", latex)


def _tagged(latex: str) -> str:
    """A formula with a tag in an environment that takes one."""
    if not _TAG.search(latex) or re.search(r"\\begin\{(?:equation|align|gather|multline)\*\}", latex):
        return latex
    return rf"\begin{{equation*}}{latex}\end{{equation*}}"
