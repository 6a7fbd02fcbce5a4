"""Maths or prose: whether what stands between two delimiters is a formula, by how it looks."""

import re

_TEXT_GROUP = re.compile(r"\\(?:text|mbox|textbf|textit|textrm|mathrm|operatorname|tag)\*?\s*\{[^{}]*\}")
_HAN = re.compile(r"[\u3040-\u30ff\u3400-\u9fff]")
_COMMAND = re.compile(r"\\[A-Za-z]{2,}|[\^_{]|\\[,;!\\|{]")
_OPERATOR = re.compile(r"[=<>+*/^_|]|\\")
_WORDS = re.compile(r"[A-Za-z]{2,}[,.]?\s+[A-Za-z]{2,}")
_SHELL = re.compile(r"[A-Za-z_]\w*\W?|\{\w+\}\W?")


def is_latex(content: str) -> bool:
    return not _has_prose(content) and bool(_OPERATOR.search(content) or len(content.strip()) < 8)


def reads_as_maths(content: str, *, word_before: bool, display: bool) -> bool:
    r"""``\(`` and ``\[`` are escaped brackets just as often: ``arr\[0\]``, ``\[1\]``, ``print\(x\)``."""
    bare = content.strip()
    if not bare or _has_prose(content):
        return False
    if _COMMAND.search(bare) or (_OPERATOR.search(bare) and not word_before):
        return True
    padded = content[0].isspace() and content[-1].isspace()
    return (padded or (not display and not word_before and len(bare) <= 3)) and not _WORDS.search(bare)


def is_inline_maths(content: str, after: str) -> bool:
    """Whether what stands between two dollars is a formula, and not what stands between two prices or variables."""
    bare = content.strip()
    if not bare or after == "{" or bare[0] == "]" or bare[-1] in "，。；、：":
        return False
    price_like = bare[0].isdigit() or bare[0] in ",."
    if price_like and bare[-1] in ",;":
        return False
    joined = after.isascii() and after.isalnum()
    if _has_prose(content) and (price_like or joined or not _OPERATOR.search(bare)):
        return False
    if joined:
        formula_like = bool(_COMMAND.search(bare)) or (len(bare) == 1 and bare.isalpha())
        return formula_like and not price_like and not (_SHELL.fullmatch(bare) and len(bare) > 1)
    if content[0].isspace() or content[-1].isspace():
        return not _has_prose(content) and _is_padded_maths(bare, price_like and not content[0].isspace())
    return True


def _has_prose(content: str) -> bool:
    return bool(_HAN.search(_TEXT_GROUP.sub("", content)))


def _is_padded_maths(bare: str, late: bool) -> bool:
    """``$ x $``; ``late``: a number with a blank behind it only, as in ``$5 or $6``."""
    if "\\" in bare:
        return True
    if late or bare[-1] in ",;:-+*/=<>" or _WORDS.search(bare):
        return False
    return not (bare[0].isdigit() and re.search(r"[A-Za-z]{2,}", bare))
