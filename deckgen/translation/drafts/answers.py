"""Whether an engine's answer may become a draft: what is an error in words, chatter, or broken beyond use."""

import re
from collections.abc import Sequence
from dataclasses import replace

from deckgen.diagnostics import Severity
from deckgen.model import Markdown
from deckgen.text.packaged import packaged_table
from deckgen.translation.checks.pairs import Pair, check_form, check_pair
from deckgen.translation.drafts.engines import Batch, Engine, EngineAnswer, EngineError, Remedy
from deckgen.translation.drafts.parcels import Asked
from deckgen.translation.drafts.placeholders import PlaceholderError, unmask

_BROKEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufffd]")
"""Control characters, halves of characters and what stands for a character that got lost."""
_TABLE = packaged_table("translation/drafts/refusals.toml")
_ABOUT_ERRORS = re.compile(_TABLE["about_errors"], re.IGNORECASE)
_REFUSALS = tuple(
    (re.compile(rf"\A\W*(?:{'|'.join(found['begins'])})", re.IGNORECASE), found["message"], Remedy(found["remedy"]))
    for found in _TABLE["refusals"]
)
_NAMED = 5


class UselessError(Exception):
    """An answer that makes no draft; ``mendable`` where even a machine may do better the next time."""

    def __init__(self, message: str, *, mendable: bool = False) -> None:
        super().__init__(message)
        self.mendable = mendable


def refusal(batch: Batch, answer: EngineAnswer) -> EngineError | None:
    """What an engine means that answers a text with an error in words, as if it were the translation."""
    for passage in batch.passages:
        for said, message, remedy in _REFUSALS:
            apt = remedy is Remedy.RETRY and _ABOUT_ERRORS.search(passage.text)
            if not apt and said.search(answer.texts.get(passage.id, "")):
                return EngineError(message, remedy)
    return None


def draft_of(item: Asked, answers: Sequence[str], engine: Engine) -> Markdown:
    """The draft that the answers for a job's pieces make. UselessError where that cannot be used."""
    pair = item.job.pair
    joint = "" if pair.script in ("ja", "zh") else " "
    text = joint.join(answer.strip() for answer in answers).replace("\r\n", "\n")
    if pair.kind == "cell":
        text = re.sub(r"(?<!\\)\|", r"\\|", text)  # a machine's bar would end the cell
    try:
        draft = unmask(text, item.given)
    except PlaceholderError as error:
        raise UselessError(str(error), mendable=True) from None
    if problem := objection(pair, draft, engine):
        raise UselessError(problem)
    return draft


def objection(pair: Pair, draft: str, engine: Engine) -> str:
    """Why a draft cannot be used, in words that its engine can understand; empty where it can.

    An engine that reads complaints is held to all that the checks call an error; of one that cannot mend anything, what
    only a reader can judge is left to the reader.
    """
    if not draft.strip():
        return "an empty answer"
    if set(_BROKEN.findall(draft)) - set(pair.source):
        return "an answer with broken characters"
    checked = replace(pair, translation=Markdown(draft))
    if not engine.reads_briefings:
        problems = [*check_form(checked)]
    else:
        problems = [found for found in check_pair(checked) if found.severity is Severity.ERROR]
    return "; ".join(problem.message for problem in problems[:_NAMED])
