"""What an engine is, which there are, and how they fail; only their own modules speak to a network.

An engine from elsewhere is a package with an entry point in the group ``deckgen.engines``: a callable that takes
``url``, ``model``, ``key`` and ``timeout_seconds`` and returns an `Engine`.
"""

from collections.abc import Mapping
from enum import StrEnum
from functools import partial
from importlib import import_module, metadata
from typing import Protocol

from msgspec import Struct

from deckgen.diagnostics import DeckgenError
from deckgen.model import Language, Markdown
from deckgen.text.packaged import packaged_table
from deckgen.translation.glossary import Term

ENTRY_POINTS = "deckgen.engines"


class Example(Struct, frozen=True, kw_only=True):
    """A block beside its reviewed translation; an empty one where there is none yet."""

    source: Markdown
    translation: Markdown


class Briefing(Struct, frozen=True, kw_only=True):
    """All that an engine is told of the passages of one request."""

    category: str = ""
    question: str = ""
    neighbours: tuple[Example, ...] = ()
    keep: tuple[str, ...] = ()
    terms: tuple[Term, ...] = ()
    examples: tuple[Example, ...] = ()
    style: str = ""


class Passage(Struct, frozen=True, kw_only=True):
    """A text to translate, with placeholders for what has to stay.

    ``complaint`` says why ``refused``, the engine's last answer for it, could not be used; both are empty at first.
    """

    id: int
    text: str
    kind: str = "paragraph"
    complaint: str = ""
    refused: str = ""


class Batch(Struct, frozen=True, kw_only=True):
    """One request. An engine that does not read briefings gets an empty one."""

    source: Language
    target: Language
    passages: tuple[Passage, ...]
    briefing: Briefing = Briefing()

    @property
    def characters(self) -> int:
        return sum(len(passage.text) for passage in self.passages)


class EngineAnswer(Struct, frozen=True, kw_only=True):
    """Translations by the ids of their passages, whatever they are worth, and what they cost where the server says so.

    ``complaint`` is what is wrong with the answer as a whole, such as ids that were not asked for.
    """

    texts: Mapping[int, str]
    complaint: str = ""
    tokens_in: int = 0
    tokens_out: int = 0


class EngineLimits(Struct, frozen=True, kw_only=True):
    """What one request may hold, and how many there may be at a time and how soon after one another."""

    characters: int
    passages: int = 1
    in_flight: int = 1
    pause_seconds: float = 0.0


class Engine(Protocol):
    """What drafts translations; up to ``limits.in_flight`` threads call it at once."""

    name: str
    """A word without blanks, which marks the drafts."""
    identity: str
    """What its remembered drafts go by: another address or model is another engine. It is never shown."""
    limits: EngineLimits
    """Of its requests."""
    placeholder: str
    """With ``{}`` for a number: what the engine passes through unchanged, such as ``[X{}X]``."""
    reads_briefings: bool
    """Whether it understands context and complaints. If so it sees the terms that have to stay."""

    def translate(self, batch: Batch) -> EngineAnswer:
        """Raises only EngineError, without a text or a key in its message."""


class Remedy(StrEnum):
    """What can be done after a failure."""

    RETRY = "retry"
    SKIP = "skip"
    """This batch will never do; a smaller one may."""
    STOP = "stop"
    """Nor will any other."""


class EngineError(Exception):
    """A request that gave no translation; ``after_seconds`` is how long the server asks to wait, where it does.

    ``unreachable`` where nobody took the request.
    """

    def __init__(
        self, message: str, remedy: Remedy, *, after_seconds: float | None = None, unreachable: bool = False
    ) -> None:
        super().__init__(message)
        self.remedy = remedy
        self.after_seconds = after_seconds
        self.unreachable = unreachable


def make_engine(
    name: str,
    *,
    url: str | None = None,
    model: str | None = None,
    key: str | None = None,
    timeout_seconds: float = 30,
) -> Engine:
    """The engine of this name. DeckgenError where there is none, or where it cannot work."""
    hint = f"use one of {', '.join(engine_names())}"
    if reason := _TABLE["dead"].get(name):
        raise DeckgenError(f"the engine {name} does not work: {reason}", hint=hint)
    if name in _ENGINES:
        make = partial(import_module(f"deckgen.translation.drafts.{_ENGINES[name]}").make, name)
    elif entry := next(iter(metadata.entry_points(group=ENTRY_POINTS, name=name)), None):
        make = entry.load()
    else:
        raise DeckgenError(f"there is no engine {name}", hint=hint)
    made: Engine = make(url=url, model=model, key=key, timeout_seconds=timeout_seconds)
    return made


def engine_names() -> tuple[str, ...]:
    """The engines that can be used, those of other packages last."""
    others = sorted(entry.name for entry in metadata.entry_points(group=ENTRY_POINTS))
    return tuple(dict.fromkeys((*_ENGINES, *others)))


_TABLE = packaged_table("translation/drafts/machines.toml")
_ENGINES: Mapping[str, str] = {
    "openai": "chat",
    **dict.fromkeys(_TABLE["services"], "machines"),
    "opencc": "conversion",
}
"""Each with the module whose ``make`` makes it, which is imported when it is used."""
