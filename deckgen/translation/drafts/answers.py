"""Whether an engine's answer may become a draft: what is an error in words, chatter, or broken beyond use."""

from __future__ import annotations

import re
from dataclasses import replace

from deckgen.diagnostics import RULES, Severity
from deckgen.model import Markdown
from deckgen.translation.checks.pairs import Pair, check_form, check_pair
from deckgen.translation.drafts.engines import EngineError, Remedy

_BROKEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufffd]")
"""Control characters, halves of characters and what stands for a character that got lost."""
_ABOUT_ERRORS = re.compile("请求|限流|网关|服务|错误|访问|拒绝|语言对|error|request|HTTP", re.IGNORECASE)
"""In a text whose translation may well read like a refusal."""
_REFUSALS = tuple(
    (re.compile(rf"\A\W*(?:{pattern})", re.IGNORECASE), message, remedy)
    for pattern, message, remedy in (
        ("MYMEMORY WARNING|YOU USED ALL AVAILABLE", "the day's quota is used up", Remedy.STOP),
        (
            r"INVALID (?:\w+ )?LANGUAGE|PLEASE SELECT TWO DISTINCT LANGUAGES|\S+ IS AN INVALID \w+ LANGUAGE",
            "the engine does not translate between these languages",
            Remedy.STOP,
        ),
        ("QUERY LENGTH LIMIT", "the text is too long for the engine", Remedy.SKIP),
        (
            r"(?:(?:HTTP|error|status)\W*)?(?:\d{3}\W+)?(?:too many requests|rate limit|(?:quota|limit) exceeded"
            r"|internal server error|bad gateway|gateway time-?out|service (?:temporarily )?unavailable|access denied"
            r"|forbidden\b|unauthorized\b|your (?:IP|request) (?:has been|was) blocked|slow ?down\W*\Z)",
            "an error in words instead of a translation",
            Remedy.RETRY,
        ),
    )
)


def refusal(text: str, answer: str) -> EngineError | None:
    """What an engine means that answers ``text`` with an error in words, as if it were the translation."""
    for said, message, remedy in _REFUSALS:
        if said.search(answer) and not (remedy is Remedy.RETRY and _ABOUT_ERRORS.search(text)):
            return EngineError(message, remedy)
    return None


def objection(pair: Pair, draft: str, *, strict: bool) -> str:
    """Why a draft cannot be used, in words that its engine can understand; empty where it can.

    An engine that reads complaints is held, with ``strict``, to all that the checks call an error; of one that cannot
    mend anything, what only a reader can judge is left to the reader.
    """
    if not draft.strip():
        return "an empty answer"
    if set(_BROKEN.findall(draft)) - set(pair.source):
        return "an answer with broken characters"
    checked = replace(pair, translation=Markdown(draft))
    if not strict:
        problems = check_form(checked)
    else:
        problems = tuple(found for found in check_pair(checked) if RULES[found.rule].severity is Severity.ERROR)
    return "; ".join(problem.message for problem in problems[:_NAMED])


_NAMED = 5
