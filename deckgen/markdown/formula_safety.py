r"""Which formulas a card may show: MathJax is a programming language, so commands are allowed by name, not forbidden.

``mathjax.toml`` holds the names. What defines macros, makes links, styles or attributes, loads more, or nests so deep
that a phone's browser gives up, is for nobody to run: such a formula is shown as it is written.
"""

import re
from functools import cache, lru_cache

from msgspec import Struct

from deckgen.text.packaged import packaged_table

MAX_LENGTH = 5000
"""Characters; the longest formula of a thousand real ones has 532."""
MAX_NESTING = 40
r"""Groups, ``\left``, environments and changes of size within each other; real formulas reach 5."""
MAX_LENGTH_EM = 40
r"""What all lengths of a formula, such as that of ``\hspace{2em}``, may come to together."""
MAX_LAPPED_EM = 4
"""The same where something takes no room, and so lies on what is around it."""
_LAPPING = re.compile(r"\\(?:smash|(?:math|cramped)?[lcr]lap)(?![A-Za-z])")
SIGNS = frozenset(" \n\xa0!#$%&,:;>\\_{}|")
"""What may follow a backslash without being a letter."""
_TOKEN = re.compile(r"\\(?:[A-Za-z]+|.|$)|[{}&]", re.DOTALL)
_LABEL_OR_TOKEN = re.compile(rf"\\label\s*\{{[^{{}}]*\}}|{_TOKEN.pattern}", re.DOTALL)
_COMMENT = re.compile(r"((?<!\\)(?:\\\\)*)%[^\n]*\n?")
_ENVIRONMENT = re.compile(r"\s*\{([^{}]*)\}")
_PLAIN_COLUMNS = re.compile(r"\s*(?:\[[a-z]\]\s*)?\{[\slcr|:]*\}")
_FEW_PAIRS = re.compile(r"\s*\{\s*\d{1,2}\s*\}")
_COLUMNS = {
    **dict.fromkeys(("array", "subarray", "crampedsubarray"), _PLAIN_COLUMNS),
    **dict.fromkeys(("alignat", "alignat*", "alignedat", "xalignat", "xalignat*", "xxalignat"), _FEW_PAIRS),
}
"""How the columns of an environment may be given; others would ask for millions of them."""
_COLOUR = re.compile(r"\s*(?:\[[A-Za-z]*\]\s*)?\{[A-Za-z0-9#., ]*\}")
_TWO_COLOURS = re.compile(rf"{_COLOUR.pattern}\s*\{{[A-Za-z0-9#., ]*\}}")
_NO_OPTIONS = re.compile(r"(?!\s*\[)")
_ARGUMENTS = {
    **dict.fromkeys((r"\color", r"\textcolor", r"\colorbox"), _COLOUR),
    r"\fcolorbox": _TWO_COLOURS,
    r"\bbox": re.compile(r"\s*(?:\[[A-Za-z]*\])?(?!\s*\[)"),
    **dict.fromkeys((r"\cancel", r"\bcancel", r"\xcancel", r"\cancelto"), _NO_OPTIONS),
}
"""Commands that are safe with such an argument only."""
_SWITCHES = frozenset(
    rf"\{name}"
    for name in """displaystyle textstyle scriptstyle scriptscriptstyle tiny Tiny scriptsize small normalsize large
    Large LARGE huge Huge color braket set Braket Set""".split()
)
"""What puts all that follows in its group into another element."""
_REPEATED = re.compile(r"\\(?:x(?!cancel)[A-Za-z]{4,}|ce|pu)")
"""Arrows that grow with what stands on them, which MathJax measures twice: nested, they take exponential time."""
_REPEATED_DEPTH = 8
"""What a group behind such an arrow counts."""
_PARTNERS = {"}": "{", r"\right": r"\left", r"\end": r"\begin"}
_EM = {"em": 1, "ex": 0.5, "pt": 0.1, "pc": 1.2, "px": 0.07, "in": 7.3, "cm": 2.9, "mm": 0.29, "mu": 0.056}
_LENGTH = re.compile(rf"(\d+(?:[.,]\d*)?|[.,]\d+)\s*({'|'.join(_EM)})(?![A-Za-z])")
_TAKES_LENGTH = re.compile(
    r"\\(?:\\\s*\*?\s*\[|(?:hskip|hspace|kern|mkern|mskip|mspace|rule|genfrac|shove(?:left|right))(?![A-Za-z]))([^\\]*)"
)
_ACTIVE = re.compile(
    r"\\(?:href|style|class|cssId|data|require|mmlToken|def|let|(?:re)?new(?:command|environment)|unicode(?=\s*\[)"
    r"|DeclareMathOperator|DeclarePairedDelimiters?X?P{0,2}|Newextarrow|setOptions|mathtoolsset|toggle|mathtip"
    r"|bbox(?=\s*\[[^\]]*[:;(])|fcolorbox(?=\s*(?:\[\w*\]\s*)?\{[^}]*;))(?![A-Za-z])"
)


class Refusal(Struct, frozen=True, kw_only=True):
    """Why a formula is not set. ``formula[start:end]`` is at fault, all of it where that is no one place."""

    start: int
    end: int
    reason: str


@lru_cache(maxsize=2048)
def refusal(latex: str) -> Refusal | None:
    """The first reason not to let MathJax set a formula, which is given without its delimiters; None where it may."""
    if len(latex) > MAX_LENGTH:
        return _whole(latex, f"it has more than {MAX_LENGTH} characters")
    most_em = MAX_LAPPED_EM if _LAPPING.search(latex) else MAX_LENGTH_EM
    if _total_length_em(latex) > most_em:
        return _whole(latex, f"its lengths come to more than {most_em} em")
    # MathJax finds a formula's end without regard to comments, and reads it with regard to them.
    uncommented = _COMMENT.sub(r"\1", latex)
    return _judge(latex) or (_judge(uncommented) and _whole(latex, "its comments hide a brace or a command"))


def for_mathjax(latex: str) -> str:
    r"""A formula, at equal length, without what lasts beyond it.

    ``\(`` and its like are brackets, where MathJax would end the formula. A label is blanked: MathJax remembers it, and
    shows an error in place of the next formula that has it, which is this one when its card comes again.
    """
    return _LABEL_OR_TOKEN.sub(_plain_token, latex)


def _plain_token(token: re.Match[str]) -> str:
    if token[0].startswith(r"\label") and token[0].endswith("}"):
        return " " * len(token[0])
    return f" {token[0][1:]}" if token[0][1:] in ("(", ")", "[", "]") else token[0]


def active_commands(latex: str) -> tuple[str, ...]:
    """The commands in a stranger's formula that define something, make links, styles or attributes, or load more."""
    return tuple(dict.fromkeys(_ACTIVE.findall(latex)))


def _judge(latex: str) -> Refusal | None:
    """The first command that is not allowed, or whether what is opened is closed, and how deep that is."""
    groups: list[tuple[str, int, int]] = [("", 0, 0)]
    depth, step = 0, 1
    for token in _TOKEN.finditer(latex):
        name = token[0]
        if name[0] == "\\" and (reason := _reason(latex, name, token.end())):
            return Refusal(start=token.start(), end=token.end(), reason=reason)
        if name in ("{", r"\left", r"\begin"):
            groups.append((name, depth, step))
            depth, step = depth + step, 1
        elif opening := _PARTNERS.get(name):
            opened, depth, step = groups.pop()
            if opened != opening:
                return _whole(latex, f"{name} closes what is not open")
        elif name in _SWITCHES:
            depth += 1
        elif name in ("&", r"\\", r"\cr"):
            depth, step = sum(groups[-1][1:]), 1
        elif _REPEATED.fullmatch(name):
            step = _REPEATED_DEPTH
        if depth > MAX_NESTING:
            return _whole(latex, f"it is nested more than {MAX_NESTING} deep")
    return _whole(latex, f"{groups[-1][0]} is never closed") if len(groups) > 1 else None


def _reason(latex: str, name: str, end: int) -> str:
    if name in (r"\begin", r"\end"):
        environment = _ENVIRONMENT.match(latex, end)
        if not environment or environment[1] not in _environments():
            return f"{name}{environment[0] if environment else ''} is no environment that cards show"
        columns = _COLUMNS.get(environment[1]) if name == r"\begin" else None
        return (
            f"{environment[1]} has no plain columns" if columns and not columns.match(latex, environment.end()) else ""
        )
    if argument := _ARGUMENTS.get(name):
        return "" if argument.match(latex, end) else f"{name} is shown with a plain colour only"
    return "" if name[1:] in SIGNS or name[1:] in _commands() else f"{name} is no command that cards show"


def _whole(latex: str, reason: str) -> Refusal:
    return Refusal(start=0, end=len(latex), reason=reason)


def _total_length_em(latex: str) -> float:
    lengths = (length for taken in _TAKES_LENGTH.findall(latex) for length in _LENGTH.findall(taken))
    return sum(float(number.replace(",", ".")) * _EM[unit] for number, unit in lengths)


@cache
def _commands() -> frozenset[str]:
    return frozenset(
        name for names in packaged_table("markdown/mathjax.toml")["commands"].values() for name in names.split()
    )


@cache
def _environments() -> frozenset[str]:
    return frozenset(packaged_table("markdown/mathjax.toml")["environments"].split())
