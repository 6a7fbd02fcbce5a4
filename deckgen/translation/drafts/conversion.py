"""Traditional Chinese from simplified as an engine: OpenCC's characters, the glossary's words, 「」 for “”."""

import re
from collections.abc import Sequence
from typing import Any

from deckgen.diagnostics import DeckgenError
from deckgen.translation.drafts.engines import Batch, Engine, EngineAnswer, EngineError, EngineLimits, Remedy
from deckgen.translation.glossary import Term


def make(name: str, *, url: str | None, model: str | None, key: str | None, timeout_seconds: float) -> Engine:
    """Needs no network and no key. DeckgenError where OpenCC is not installed."""
    return _Conversion()


class _Conversion:
    name = identity = "opencc"
    placeholder = "<x{}/>"
    reads_briefings = True
    limits = EngineLimits(characters=100_000, passages=100)

    def __init__(self) -> None:
        try:
            from opencc import OpenCC
        except ImportError as error:
            hint = "install it: pip install opencc"
            raise DeckgenError("the engine opencc needs the package OpenCC", hint=hint) from error
        self._make: Any = OpenCC

    def translate(self, batch: Batch) -> EngineAnswer:
        way = _WAYS.get(batch.target)
        if way is None or batch.source not in ("zh", "zh-Hans", "zh-CN"):
            message = f"opencc makes {', '.join(_WAYS)} of simplified Chinese, and no {batch.target} of {batch.source}"
            raise EngineError(message, Remedy.STOP)
        converter = self._make(way)
        terms = batch.briefing.terms
        return EngineAnswer(texts={found.id: _converted(found.text, terms, converter) for found in batch.passages})


_WAYS = {"zh-Hant": "s2tw", "zh-TW": "s2tw", "zh-HK": "s2hk"}
"""Not OpenCC's words of Taiwan (s2twp): 參數 would be 引數, and 激活函數 啟用函式."""
_QUOTES = str.maketrans("“”‘’", "「」『』")


def _converted(text: str, terms: Sequence[Term], converter: Any) -> str:
    targets = {term.source: term.targets[0] for term in terms}
    if not targets:
        return str(converter.convert(text).translate(_QUOTES))
    longest_first = sorted(map(re.escape, targets), key=len, reverse=True)
    pieces = re.split(f"({'|'.join(longest_first)})", text)
    return "".join(targets.get(piece) or converter.convert(piece).translate(_QUOTES) for piece in pieces)
