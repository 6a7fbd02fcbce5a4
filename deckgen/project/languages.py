"""The language and the editions of a book whose settings leave them open: the lock's, else told from its characters."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from types import MappingProxyType

from deckgen.model import Edition, Language, parse_edition
from deckgen.project.config import Config

_CODE = re.compile(r"^[ \t]*(```|~~~).*?^[ \t]*\1", re.MULTILINE | re.DOTALL)
_HAN = re.compile("[\u4e00-\u9fff]")
_KANA = re.compile("[\u3041-\u30ff]")
_HANGUL = re.compile("[\uac00-\ud7af]")
_WORD = re.compile("[A-Za-z]{2,}")
_ENOUGH = 0.05
"""The share of kana among Chinese characters, or of these among words, that tells a language."""
_LONGEST = 200_000
_EDITION = re.compile(r'^\{"edition": "([a-zA-Z-]+)"', re.MULTILINE)
"""An edition's line in deckgen.lock."""


def with_languages(config: Config, lock_text: str | None, texts: Iterable[str]) -> Config:
    """The settings with the language and the editions that they leave open.

    They are those of the lock, so that no learner's edition ends, else told from the text.
    """
    if "editions" in config.settled:
        return config
    told = "language" in config.settled
    edition = first_edition(config.language if told else guess_language(texts))
    locked = [parse_edition(found[1]) for found in _EDITION.finditer(lock_text or "")]
    if locked and edition not in locked:
        edition = next((item for item in config.editions if item in locked), locked[0])
    language = config.language if told else edition.primary
    return replace(
        config,
        language=language,
        editions=(edition,),
        titles=_moved(config.titles, config.language, language),
        descriptions=_moved(config.descriptions, config.language, language),
    )


def guess_language(texts: Iterable[str]) -> Language:
    """``zh``, ``ja``, ``ko`` or ``en``: code is in English in every book, and counts for none; nothing at all is zh."""
    text = _CODE.sub("", "\n".join(texts)[:_LONGEST])
    han, kana, hangul, words = (len(found.findall(text)) for found in (_HAN, _KANA, _HANGUL, _WORD))
    if hangul > han + kana and hangul > _ENOUGH * words:
        return Language("ko")
    if kana > _ENOUGH * han and kana > _ENOUGH * words:
        return Language("ja")
    return Language("en") if words and han < _ENOUGH * words else Language("zh")


def first_edition(language: Language) -> Edition:
    """The edition of a book that says nothing of editions: its language first, with room for a translation."""
    return Edition(languages=(language, Language("zh" if language == "en" else "en")))


def _moved(texts: Mapping[Language, str], old: Language, new: Language) -> Mapping[Language, str]:
    """Texts by language, one alone in the language that the book turned out to have."""
    return MappingProxyType({new: texts[old]}) if old != new and texts.keys() == {old} else texts
