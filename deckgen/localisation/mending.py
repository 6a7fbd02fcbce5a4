"""Mends what needs no judgement in translations: characters nobody sees, doubled blanks, widths, edges."""

import re
from collections import Counter

from deckgen.localisation.translations import TranslatedBlock, Translations, pair_of, translated_blocks, with_entries
from deckgen.model import Language, Markdown, replace
from deckgen.translation.catalog import CatalogEntry, digest
from deckgen.translation.checks import check_pair
from deckgen.translation.inline import Edge, edged, protected, replaced


def mend(found: Translations) -> tuple[Translations, int]:
    """The catalogs with every translation mended, and how many that changed; states and who reviewed them stay."""
    total = 0
    for language in found.material.languages:
        found, count = _mend(found, language)
        total += count
    return found, total


def _mend(found: Translations, language: Language) -> tuple[Translations, int]:
    changed: dict[CatalogEntry, CatalogEntry] = {}
    for block in translated_blocks(found, language):
        text = Markdown(mended(block.entry.translation, language))
        if text != block.entry.translation and not _is_worse(block, text, found):
            changed[block.entry] = _with_text(block.entry, text)
    return with_entries(found, lambda entry: changed.get(entry, entry), language=language)


def _is_worse(block: TranslatedBlock, text: Markdown, found: Translations) -> bool:
    """Whether a check finds more than before, as where a blank more would undo a bold mark."""
    pairs = (pair_of(block, found, one) for one in (None, text))
    before, after = (Counter(problem.rule for problem in check_pair(pair)) for pair in pairs)
    return bool(after - before)


def _with_text(entry: CatalogEntry, text: Markdown) -> CatalogEntry:
    """Nobody's edit: what marked the text as untouched goes on doing so."""
    old, new = digest(entry.translation), digest(text)
    machine, verdict = entry.machine, entry.verdict
    if machine and machine.digest == old:
        machine = replace(machine, digest=new)
    if verdict and verdict.digest == old:
        verdict = replace(verdict, digest=new)
    return replace(entry, translation=text, machine=machine, verdict=verdict)


_UNSEEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u200b\u2060\ufeff]")
"""Control characters, soft hyphens and blanks without width; joiners stay, since some scripts and emoji need them."""
_WIDE_LETTERS = {
    code: code - 0xFEE0 for code in (*range(0xFF10, 0xFF1A), *range(0xFF21, 0xFF3B), *range(0xFF41, 0xFF5B))
}
_NARROW = {"，": ",", "、": ",", "。": ".", "；": ";", "：": ":", "！": "!", "？": "?", "（": "(", "）": ")", "％": "%"}
_WIDE = {",": "，", ";": "；", ":": "：", "!": "！", "?": "？", ".": "。"}
_CJK = "[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff]"
_BETWEEN_CJK = re.compile(rf"(?<={_CJK})([,;:!?])[ ]?(?={_CJK})|(?<={_CJK})([.!?])(?=\s*\Z)")


_PLANES = {Edge.OPENS: 0xF0000, Edge.PLAIN: 0xF8000, Edge.CLOSES: 0x100000}
"""Where the characters begin that stand for markup while a text is mended: planes that nobody writes in."""
_STANDS_FOR = re.compile("[\U000f0000-\U0010ffff]")
_BEGINS = "[^\\W_]|[\U000f0000-\U000fffff]"
"""What wants a blank before it when a mark stands there: a word, code and its like, markup that opens."""
_ENDS = "[^\\W_]|[\U000f8000-\U0010ffff]"


def mended(text: str, language: Language) -> str:
    """The text as a careful typist would have typed it; code, formulas, addresses and markup stay as they are."""
    if _STANDS_FOR.search(text):
        return text
    tokens = protected(text)
    marks = (
        (token.start, token.end, chr(_PLANES[edge] + number)) for number, (token, edge) in enumerate(edged(tokens))
    )
    plain = _typed(replaced(text, marks), language.split("-")[0])
    return _STANDS_FOR.sub(lambda found: tokens[ord(found[0]) & 0x7FFF].text, plain).strip()


def _typed(text: str, base: str) -> str:
    """Without characters that nobody sees, wide letters, marks of the wrong width and doubled blanks."""
    text = _UNSEEN.sub("", text).translate(_WIDE_LETTERS)
    if base in ("zh", "ja"):
        marks = _WIDE | ({",": "、"} if base == "ja" else {})
        text = _BETWEEN_CJK.sub(lambda found: marks[found[1] or found[2]], text)
    elif base != "ko":
        text = _in_latin(text)
    return re.sub(r"(?<=\S) {2,}(?=\S)", " ", text)


_WIDE_MARK = re.compile(f"[ ]?([，、。；：！？）％])(?={_BEGINS})|[ ]?([，、。；：！？）％])")
_WIDE_BRACKET = re.compile("(.?)[ ]?（")


def _in_latin(text: str) -> str:
    """With the half-width marks, each with a blank on the side where one belongs."""
    text = _WIDE_MARK.sub(lambda found: f"{_NARROW[found[1]]} " if found[1] else _NARROW[found[2]], text)
    return _WIDE_BRACKET.sub(lambda found: f"{found[1]}{' (' if re.fullmatch(_ENDS, found[1]) else '('}", text)
