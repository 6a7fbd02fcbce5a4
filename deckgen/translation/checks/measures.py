"""Units of measurement behind numbers, so that 20 ms is not 20 s and 1000 m is 1 km; a table of what chapters use."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from deckgen.text.packaged import packaged_table


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """A unit as a multiple, ``factor``, of the basic one of its ``kind``."""

    kind: str
    factor: float
    name: str = ""
    """As it is written."""


def measure_at(text: str, end: int, number: str) -> Measure | None:
    """The unit that stands in ``text`` behind a number, ``number`` as written, that ends at ``end``."""
    found = _UNIT.match(text, end)
    if found is None:
        return None
    name = found["name"]
    if name == "s" and found.start("name") == end and number.endswith("0"):
        return None  # the 1990s
    measure = _MEASURES.get(name) or _MEASURES.get(name.lower().rstrip("s")) or _MEASURES.get(name.lower())
    return measure and replace(measure, name=name)


_MEASURES = {
    name: Measure(kind=kind, factor=factor)
    for kind, units in packaged_table("translation/checks/numbers.toml")["measures"].items()
    for factor, names in units
    for name in names.split()
}
_WORDS = [name for name in _MEASURES if name.isascii() and name.islower() and len(name) > 3]
_SIGNS = [name for name in _MEASURES if name not in _WORDS and (name.isascii() or name[0] in "μµ")]
_OTHERS = sorted({*_MEASURES} - {*_WORDS} - {*_SIGNS}, key=lambda name: (-len(name), name))
_UNIT = re.compile(
    rf"[\s-]{{0,2}}(?P<name>(?i:{'|'.join(_WORDS)})(?i:e?s)?(?![A-Za-z])|(?:{'|'.join(_SIGNS)})(?![A-Za-z0-9/²³])"
    rf"|(?:{'|'.join(_OTHERS)})(?!ドル|[国粒饭服隆制气然空花线年期围边末岁]))"
)
"""Signs in their own case, for M is a million and m a metre; words in any; 米国, 克服 and 周年 are other words."""


def is_unit(name: str) -> bool:
    """Whether ``name`` is the sign of a unit."""
    return name in _MEASURES
