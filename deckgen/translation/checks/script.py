"""What in a translation is not of its language: characters, whole sentences, broken and invisible characters."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

from deckgen.text.packaged import packaged_table
from deckgen.text.titles import folded
from deckgen.translation.checks.pair import Pair, sentences, shortened
from deckgen.translation.glossary import without_kept

HAN = re.compile("[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")


def foreign(pair: Pair) -> Iterator[str]:
    """Characters and sentences that are not the target's own, outside markup and kept terms."""
    source, text = (without_kept(said, pair.glossary) for said in (pair.said, pair.meant))
    if found := "".join(dict.fromkeys(_foreign(text, pair))):
        yield f"“{found[:12]}” is not of its language"
    elif left := _untranslated(text, source, pair.script):
        yield shortened(left, 100)


def broken_characters(pair: Pair) -> Iterator[str]:
    """What no reader sees or can read and the source does not have either."""
    base, text, source = pair.script, pair.translation, pair.source
    spared = {"\n", *source, *_ZERO_WIDTH_SPACE.get(base, ""), *(_DIRECTIONS if base in _RIGHT_TO_LEFT else "")}
    spared |= set() if base in _JOINERLESS else {"\u200c", "\u200d"}
    if found := sorted(
        character
        for character in set(text) - spared
        if unicodedata.category(character) in ("Cc", "Cf", "Co", "Cs") or character in "\u2028\u2029\ufffd"
    ):
        shown = ", ".join(f"U+{ord(character):04X}" for character in found)
        yield f"{shown} is an invisible or a broken character"
    if garbled := next((found[0] for found in _MOJIBAKE.finditer(text) if found[0] not in source), ""):
        yield f"“{garbled}” comes of a wrong encoding"
    if base not in _OTHER_ALPHABETS and (alike := _lookalike(text, source)):
        yield alike


_OWN_LETTERS = {
    "ja": ("kana", re.compile("[\u3041-\u30fa\u30fc-\u30ff]")),
    "ko": ("Hangul", re.compile("[\u1100-\u11ff\uac00-\ud7a3]")),
}
"""What no long text of a language can do without."""
_KANA = _OWN_LETTERS["ja"][1]
_FULL_WIDTH = re.compile("[\u3000-\u303f\uff01-\uff60\uffe0-\uffe6]")
_OWN_CHARACTERS = {"ja": "cp932", "zh-Hant": "big5hkscs", "zh-TW": "big5hkscs", "zh-HK": "big5hkscs"}
"""Encodings that hold the characters which readers of a language know, and not the simplified ones."""
_QUOTED = re.compile("“[^“”]*[\u3041-\u30ff\u4e00-\u9fff][^“”]*”")
_HALF_WIDTH = re.compile("(?<=[\u3041-\u30ff\u4e00-\u9fff])[,;.](?=[ ]?[\u3041-\u30ff\u4e00-\u9fff]|$)")
_SENTENCE = re.compile(r"(?:[^。！？!?\n.]|\.(?!\s|\Z|[^\x00-\x7f])|(?<![A-Za-z)])\.)+[。！？!?.]?")
_LIST_MARK = re.compile(r"[、，,・／/|（）()「」『』“”：:；;\s]+")
_SENTENCE_HAN = 8
_LONGEST_TERM = 9
"""A Japanese compound of Chinese characters alone is hardly longer; 適合率、再現率、平均適合率 is a list of three."""
_CHINESE_WORD = re.compile(
    "可以|因此|但是|如果|由于|(?<!変)更多|所以|需要更|我们|[它你很]|是(?![正非認])|(?<!成)就(?![職業学任寝航労役床活])"
)
_FULL_WIDTH_COMMA = re.compile("，")
_LITTLE_WORDS = {
    name: frozenset(words.split()) for name, words in packaged_table("translation/checks/little_words.toml").items()
}
"""Little words by which a sentence is known for English or for another language in Latin letters."""
_LATIN_RUN = re.compile(r"[A-Za-z][A-Za-z'’-]*(?:,?[ ]+[A-Za-z][A-Za-z'’-]*){4,}")
_VERB = re.compile(r"\b(?:is|are|was|were|be|can|will|has|have|does|do|which|that|this|these|it|they)\b")
_ZERO_WIDTH_SPACE = dict.fromkeys(("th", "km", "lo", "my"), "\u200b")
_JOINERLESS = frozenset(("en", "ja", "ko", "zh"))
_RIGHT_TO_LEFT = frozenset(("ar", "fa", "he", "ur", "yi", "ckb", "ps"))
_DIRECTIONS = "\u200e\u200f\u061c\u202a\u202b\u202c\u2066\u2067\u2068\u2069"
_MOJIBAKE = re.compile(
    "â€[\u0080-\u00bf\u2018-\u201e\u2122\u0153\u02dc\u00a6]|Ã[\u0080-\u00bf\u20ac\u2018-\u201e]|Â[\u00a1-\u00bf]|ï¿½|ï»¿"
    "|ã[\u0080-\u00bf€‚ƒ„†‡ˆ‰Š‹Œ]|ï¼[\u0080-\u00bf\u0152\u0160\u0161\u017d\u017e\u02c6\u2030]|锟斤拷"
)
"""What UTF-8 looks like when read as Latin-1 or Windows-1252."""
_OTHER_ALPHABETS = frozenset(("ru", "uk", "be", "bg", "sr", "mk", "kk", "mn", "el"))
_MIXED_WORD = re.compile("[A-Za-z\u0370-\u03ff\u0400-\u052f]+")
_LOOKALIKE = re.compile("[\u0400-\u052fΑΒΕΖΗΙΚΜΝΟΡΤΥΧο]")
"""Cyrillic letters, and the Greek ones that are drawn as Latin ones are; αx and Δx are mathematics."""


def _foreign(text: str, pair: Pair) -> list[str]:
    if encoding := _OWN_CHARACTERS.get(pair.language) or _OWN_CHARACTERS.get(pair.script):
        return [character for character in HAN.findall(text) if not _encodes(character, encoding)]
    if pair.script == "zh":
        return []
    kana = [one for one in _KANA.findall(text) if pair.source_script == "ja" or one not in pair.source]
    return [*HAN.findall(text), *kana, *_FULL_WIDTH.findall(text)]


def _untranslated(text: str, source: str, base: str) -> str:
    """Why ``text``, or a sentence in it, is not of its language though its characters are; empty where it is."""
    if base == "en":
        return _other_latin(text)
    if base not in _OWN_LETTERS:
        return ""
    name, letters = _OWN_LETTERS[base]
    if base == "ja" and (wrong := next(_foreign_marks(text), "")):
        return wrong
    if not letters.search(text):
        foreign = not HAN.search(text) and len(HAN.findall(source)) >= _SENTENCE_HAN
        return f"no {name} stands in it, so it is left untranslated" if foreign or _is_chinese(text, "") else ""
    for sentence in _SENTENCE.findall(text):
        if not letters.search(sentence) and (_is_chinese(sentence, source) or _is_english(sentence, source)):
            return f"a sentence without {name} is left untranslated: {sentence.strip()}"
    clauses = (found[0] for found in _LATIN_RUN.finditer(text) if _is_clause(found[0]))
    return next((f"an English clause is left in it: {clause}" for clause in clauses if not _holds(source, clause)), "")


def _foreign_marks(text: str) -> Iterator[str]:
    if _QUOTED.search(text):
        yield "the quotation marks “ ” are not those of Japanese, 「 」"
    if found := _HALF_WIDTH.search(text):
        yield f"the half-width “{found[0]}” stands after Japanese: {text[max(0, found.start() - 6) : found.end() + 6]}"
    if (found := _FULL_WIDTH_COMMA.search(text)) and "、" in text:
        yield f"“，” beside “、”: {text[max(0, found.start() - 6) : found.end() + 6]}"


def _other_latin(text: str) -> str:
    """Why a sentence of an English text is in another language: its little words are."""
    for sentence in sentences(text):
        words = re.findall(r"[^\W\d_]{2,}|à", sentence)
        counts = {name: sum(word in little for word in words) for name, little in _LITTLE_WORDS.items()}
        language = max(counts, key=lambda name: (counts[name], name == "English"))
        if language != "English" and counts[language] >= max(2, len(words) // 6, 2 * counts["English"] + 1):
            return f"a sentence in it is {language}: {sentence}"
    return ""


def _encodes(character: str, encoding: str) -> bool:
    try:
        character.encode(encoding)
    except UnicodeEncodeError:
        return False
    return True


def _is_chinese(sentence: str, source: str) -> bool:
    """Longer than a term, with a word that only Chinese has, or a piece of the source."""
    parts = _LIST_MARK.split(sentence)
    if any(len(HAN.findall(part)) > _LONGEST_TERM or _CHINESE_WORD.search(part) for part in parts):
        return True
    return len(HAN.findall(sentence)) >= _SENTENCE_HAN and _holds(source, sentence)


def _is_english(sentence: str, source: str) -> bool:
    whole = sentence.strip().endswith((".", "!", "?", "。", "！", "？"))
    return (
        whole
        and not HAN.search(sentence)
        and len(re.findall("[A-Za-z]{2,}", sentence)) >= 3
        and not _holds(source, sentence)
    )


def _is_clause(run: str) -> bool:
    """Not a name or a title, whose words are capitalised or which has no verb."""
    return bool(_VERB.search(run)) and len(re.findall(r"\b[a-z][a-z'’-]*", run)) >= 4


def _holds(source: str, piece: str) -> bool:
    piece = folded(piece).strip(" .!?。！？")
    return bool(piece) and piece in folded(source)


def _lookalike(text: str, source: str) -> str:
    for found in _MIXED_WORD.finditer(text):
        word = found[0]
        if word not in source and len(re.findall("[A-Za-z]", word)) >= 2 and (letter := _LOOKALIKE.search(word)):
            name = unicodedata.name(letter[0], "another alphabet's letter").lower()
            return f"“{word}” holds a letter that only looks Latin: {name}"
    return ""
