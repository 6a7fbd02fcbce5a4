"""A negation that is dropped or added."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache

from deckgen.text.packaged import packaged_table
from deckgen.translation.checks.pair import Pair, aligned


def changed_negations(pair: Pair) -> Iterator[str]:
    """Sentences that deny something while their translation has nothing of the kind, and the reverse.

    Two denials in a sentence may be none.
    """
    mine, other = _words().get(pair.source_script), _words().get(pair.script)
    if mine is None or other is None or mine is other:
        return
    lost = len(mine.found(pair.said)) - len(other.found(pair.meant))
    for said, meant in aligned(pair.said, pair.meant):
        denied, denying = mine.found(said), other.found(meant)
        if lost > 0 and len(denied) % 2 and not other.holds(meant):
            yield f"“{denied[0]}” of the source is denied nowhere in it"
        elif lost < 0 and len(denying) % 2 and not mine.holds(said):
            yield f"it denies with “{denying[0]}”, and nothing of the source does"


@dataclass(frozen=True, slots=True)
class _Words:
    """One language's table; `negations.toml` says what its parts are."""

    apart: re.Pattern[str]
    names: re.Pattern[str]
    denials: re.Pattern[str]
    others: re.Pattern[str]

    def found(self, text: str) -> list[str]:
        """The denials in their order."""
        return [denial[0] for denial in self.denials.finditer(self.apart.sub("\0", self.names.sub("\0", text)))]

    def holds(self, text: str) -> bool:
        text = self.names.sub("\0", text)
        return bool(self.denials.search(text) or self.others.search(text))


@cache
def _words() -> Mapping[str, _Words]:
    return {
        base: _Words(**{kind: _any(base, table) for kind, table in kinds.items()})
        for base, kinds in packaged_table("translation/checks/negations.toml").items()
    }


def _any(base: str, table: str) -> re.Pattern[str]:
    words = "|".join(table.split()).replace("_", " ")
    return re.compile(rf"(?<!\w)(?:{words})(?!\w)" if base == "en" else words, re.IGNORECASE)
