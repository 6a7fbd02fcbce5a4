"""What in a translation is not of its language: characters, whole sentences, broken and invisible characters."""

import re
import unicodedata
from collections.abc import Iterator

from deckgen.text.packaged import packaged_table
from deckgen.text.titles import folded
from deckgen.translation.checks.pair import Pair, compiled, sentences, shortened
from deckgen.translation.glossary import without_kept

_TABLE = packaged_table("translation/checks/script.toml")
_PATTERNS = compiled(_TABLE["patterns"])
_OWN_LETTERS = {base: (name, re.compile(letters)) for base, (name, letters) in _TABLE["own_letters"].items()}
_LANGUAGES = {name: frozenset(text.split()) for name, text in _TABLE["languages"].items()}
_LITTLE_WORDS = {name: frozenset(words.split()) for name, words in _TABLE["little_words"].items()}
HAN = _PATTERNS["han"]


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
    spared = {"\n", *source, *("\u200b" if base in _LANGUAGES["zero_width_space"] else "")}
    spared |= set() if base in _LANGUAGES["joinerless"] else {"\u200c", "\u200d"}
    spared |= {*_PATTERNS["directions"].findall(text)} if base in _LANGUAGES["right_to_left"] else set()
    if found := sorted(
        character
        for character in set(text) - spared
        if unicodedata.category(character) in ("Cc", "Cf", "Co", "Cs") or character in "\u2028\u2029\ufffd"
    ):
        shown = ", ".join(f"U+{ord(character):04X}" for character in found)
        yield f"{shown} is an invisible or a broken character"
    if garbled := next((found[0] for found in _PATTERNS["mojibake"].finditer(text) if found[0] not in source), ""):
        yield f"“{garbled}” comes of a wrong encoding"
    for word in _PATTERNS["mixed_word"].findall(text) if base not in _LANGUAGES["other_alphabets"] else ():
        letter = _PATTERNS["lookalike"].search(word)
        if letter and word not in source and len(re.findall("[A-Za-z]", word)) >= 2:
            name = unicodedata.name(letter[0], "another alphabet's letter").lower()
            yield f"“{word}” holds a letter that only looks Latin: {name}"
            break


_SENTENCE_HAN = 8
_LONGEST_TERM = 9
"""A Japanese compound of Chinese characters alone is hardly longer; 適合率、再現率、平均適合率 is a list of three."""


def _foreign(text: str, pair: Pair) -> list[str]:
    if encoding := _TABLE["own_characters"].get(pair.language, _TABLE["own_characters"].get(pair.script)):
        return [character for character in HAN.findall(text) if not character.encode(encoding, "ignore")]
    if pair.script == "zh":
        return []
    kana = [one for one in _OWN_LETTERS["ja"][1].findall(text) if pair.source_script == "ja" or one not in pair.source]
    return [*HAN.findall(text), *kana, *_PATTERNS["full_width"].findall(text)]


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
    for sentence in _PATTERNS["sentence"].findall(text):
        if not letters.search(sentence) and (_is_chinese(sentence, source) or _is_english(sentence, source)):
            return f"a sentence without {name} is left untranslated: {sentence.strip()}"
    clauses = (found[0] for found in _PATTERNS["latin_run"].finditer(text) if _is_clause(found[0]))
    return next((f"an English clause is left in it: {clause}" for clause in clauses if not _holds(source, clause)), "")


def _foreign_marks(text: str) -> Iterator[str]:
    if _PATTERNS["quoted"].search(text):
        yield "the quotation marks “ ” are not those of Japanese, 「 」"
    if found := _PATTERNS["half_width"].search(text):
        yield f"the half-width “{found[0]}” stands after Japanese: {text[max(0, found.start() - 6) : found.end() + 6]}"
    if (found := _PATTERNS["full_width_comma"].search(text)) and "、" in text:
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


def _is_chinese(sentence: str, source: str) -> bool:
    """Longer than a term, with a word that only Chinese has, or a piece of the source."""
    parts = _PATTERNS["list_mark"].split(sentence)
    if any(len(HAN.findall(part)) > _LONGEST_TERM or _PATTERNS["chinese"].search(part) for part in parts):
        return True
    return len(HAN.findall(sentence)) >= _SENTENCE_HAN and _holds(source, sentence)


def _is_english(sentence: str, source: str) -> bool:
    return (
        sentence.strip().endswith((".", "!", "?", "。", "！", "？"))
        and not HAN.search(sentence)
        and len(re.findall("[A-Za-z]{2,}", sentence)) >= 3
        and not _holds(source, sentence)
    )


def _is_clause(run: str) -> bool:
    """Not a name or a title, whose words are capitalised or which has no verb."""
    return bool(_PATTERNS["verb"].search(run)) and len(re.findall(r"\b[a-z][a-z'’-]*", run)) >= 4


def _holds(source: str, piece: str) -> bool:
    piece = folded(piece).strip(" .!?。！？")
    return bool(piece) and piece in folded(source)
