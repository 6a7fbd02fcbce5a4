"""What can be wrong with a translation, told from it and its source alone: a table of checks, one file per kind."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence

from deckgen.diagnostics import Diagnostic, diagnostic
from deckgen.text.titles import folded
from deckgen.translation.catalog import CatalogEntry
from deckgen.translation.checks import form, markup, names, numbers, opposites, script
from deckgen.translation.checks.pair import Pair, shortened

CHECKS: Sequence[tuple[str, Callable[[Pair], Iterable[str]]]] = (
    ("translation-edges", form.edges),
    ("translation-copied", form.copied),
    ("translation-residue", script.foreign),
    ("translation-residue", script.broken_characters),
    ("translation-markup", markup.changed_tokens),
    ("translation-markup", markup.changed_marks),
    ("translation-markup", markup.silent_links),
    ("translation-links", markup.moved_links),
    ("translation-blocks", markup.changed_blocks),
    ("translation-term", names.broken_terms),
    ("translation-names", names.lost_names),
    ("translation-placeholder", form.left_placeholders),
    ("translation-chatter", form.chatter),
    ("translation-numbers", numbers.differing_numbers),
    ("translation-opposites", opposites.turned_words),
    ("translation-order", opposites.exchanged_facts),
    ("translation-negation", opposites.changed_negations),
    ("translation-doubled", form.doubled),
    ("translation-length", form.unusual_length),
)
"""Each rule with a function that says in words what is wrong by it."""
FACTS = frozenset(("translation-names", "translation-numbers", "translation-opposites"))
"""Rules that name a fact which differs: errors in a release and in a strict build, once the text is reviewed."""
_FORM = frozenset(
    "translation-copied translation-markup translation-links translation-blocks translation-placeholder "
    "translation-chatter".split()
)
_REPEAT_LENGTH = 16


def check_pair(pair: Pair) -> tuple[Diagnostic, ...]:
    """Everything that is wrong with one translation, without its place; of an empty one only that it is empty."""
    if not pair.translation.strip():
        return (diagnostic("translation-missing", "there is no translation"),)
    return tuple(diagnostic(rule, message) for rule, check in CHECKS for message in check(pair))


def check_form(pair: Pair) -> tuple[Diagnostic, ...]:
    """What makes a translation unusable whatever it says; a small part of `check_pair`, and quick."""
    return tuple(diagnostic(rule, message) for rule, check in CHECKS if rule in _FORM for message in check(pair))


def check_repeats(entries: Iterable[CatalogEntry]) -> Iterator[tuple[CatalogEntry, Diagnostic]]:
    """Translations that stand for different sources; each but the first is named."""
    by_translation: dict[str, list[CatalogEntry]] = defaultdict(list)
    for entry in entries:
        if len(entry.translation) >= _REPEAT_LENGTH:
            by_translation[folded(entry.translation)].append(entry)
    for same in by_translation.values():
        for entry in same[1:]:
            if folded(entry.source) != folded(same[0].source):
                message = f"this is also the translation of “{shortened(same[0].source)}”"
                yield entry, diagnostic("translation-repeated", message)
