"""What deckgen tells an author or a maintainer: the rules, the values, the failures; nothing is printed here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from deckgen.model import Location


class Severity(StrEnum):
    ERROR = "error"
    WARNING = "warning"
    INFO = "info"
    OFF = "off"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A kind of finding: its name in messages, settings and ``ignore`` comments, and what it is about."""

    name: str
    severity: Severity
    summary: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnostic:
    """One finding at one place. ``hint`` says how to mend it; ``excerpt`` is the source line, where there is one."""

    rule: str
    severity: Severity
    message: str
    location: Location | None = None
    hint: str = ""
    excerpt: str = ""


class DeckgenError(Exception):
    """A failure that is not an author's mistake, such as a full disk; ``location`` where one is known."""

    def __init__(self, message: str, *, hint: str = "", location: Location | None = None) -> None:
        super().__init__(message)
        self.hint = hint
        self.location = location


def _table(*rules: tuple[str, Severity, str]) -> Mapping[str, Rule]:
    return {name: Rule(name=name, severity=severity, summary=summary) for name, severity, summary in rules}


RULES: Mapping[str, Rule] = _table(
    ("unknown-setting", Severity.ERROR, "A key in deckgen.toml that deckgen does not know."),
    ("bad-setting", Severity.ERROR, "A value in deckgen.toml that is not allowed."),
    ("unused-setting", Severity.WARNING, "A setting that changes nothing."),
    ("left-out", Severity.INFO, "Markdown files that are no chapters."),
    ("unreadable-file", Severity.ERROR, "A source file that cannot be read or is not text."),
    ("no-chapters", Severity.ERROR, "The project has no chapter."),
    ("no-questions", Severity.ERROR, "A chapter in which no question was found."),
    ("bad-encoding", Severity.WARNING, "Bytes that are not UTF-8; each is shown as U+FFFD."),
    ("control-character", Severity.WARNING, "A character that nobody sees."),
    ("merge-conflict", Severity.ERROR, "A conflict marker that a merge left behind."),
    ("toc-without-body", Severity.WARNING, "The contents list names a question that has no body."),
    ("body-without-toc", Severity.INFO, "A question that the contents list does not name."),
    ("empty-answer", Severity.WARNING, "A question without an answer; no card is made."),
    ("placeholder", Severity.WARNING, "An answer that is still to be written; no card is made."),
    ("duplicate-question", Severity.WARNING, "Two questions with one title; both get a card."),
    ("level-slip", Severity.WARNING, "A heading of another level than its neighbours."),
    ("broken-heading", Severity.WARNING, "A heading whose HTML is broken, read as it was meant."),
    ("weak-structure", Severity.WARNING, "Nothing but the headings' level says that they are questions."),
    ("text-outside-questions", Severity.WARNING, "Text that belongs to no question and is on no card."),
    ("unclosed-comment", Severity.WARNING, "An HTML comment that is never closed; it ends with its answer."),
    ("unclosed-html", Severity.WARNING, "A raw HTML element that is never closed; it ends with its answer."),
    ("unclosed-fence", Severity.WARNING, "A code fence that is never closed; it ends with its answer."),
    ("unbalanced-math", Severity.WARNING, "A formula that is opened and not closed."),
    ("ineffective-bold", Severity.WARNING, "Asterisks that GitHub shows as they are."),
    ("unsafe-html", Severity.WARNING, "HTML that would run code or load something; removed."),
    ("unsafe-formula", Severity.WARNING, "A formula that does more than show; it is shown as it is written."),
    ("unknown-html", Severity.INFO, "Something in angle brackets that is no HTML; shown as text."),
    ("image-syntax", Severity.WARNING, "An image written in a way that Markdown does not read; shown as text."),
    ("missing-image", Severity.ERROR, "An image file that is not there."),
    ("ambiguous-image", Severity.ERROR, "An image reference that fits several files."),
    ("remote-image", Severity.WARNING, "An image on another server; the card shows a link."),
    ("broken-image", Severity.ERROR, "An image file that cannot be decoded."),
    ("image-over-budget", Severity.WARNING, "An image that stays large after optimising."),
    ("long-answer", Severity.INFO, "An answer too long to study in one card."),
    ("bad-tag", Severity.INFO, "A tag that Anki would split."),
    ("deep-nesting", Severity.WARNING, "Quotes or lists nested deeper than any page can show."),
    ("bad-directive", Severity.WARNING, "A deckgen comment that cannot be understood."),
    ("unused-ignore", Severity.INFO, "A deckgen comment that suppresses a finding which is not there."),
    ("bad-catalog", Severity.ERROR, "A PO file that cannot be read."),
    ("catalog-mismatch", Severity.WARNING, "A PO entry that belongs to no block of its chapter."),
    ("untranslated", Severity.INFO, "A text without a translation to show."),
    ("hidden-draft", Severity.INFO, "A machine draft that the policy keeps off the cards."),
    ("stale-translation", Severity.INFO, "A reviewed translation whose source has changed since."),
    ("bad-glossary", Severity.ERROR, "Something in locale/glossary.toml that cannot be understood."),
    ("translation-missing", Severity.ERROR, "A block without a translation."),
    ("translation-copied", Severity.ERROR, "A translation that is the source itself."),
    ("translation-residue", Severity.ERROR, "Characters in a translation that are not of its language."),
    ("translation-markup", Severity.ERROR, "Code, formulas, links, tags or marks that differ from the source's."),
    ("translation-blocks", Severity.ERROR, "A translation that would break its block or its table cell."),
    ("translation-term", Severity.ERROR, "A term of the glossary that is not translated as it says."),
    ("translation-edges", Severity.ERROR, "A translation with blanks or line ends around it."),
    ("translation-placeholder", Severity.ERROR, "A placeholder that an engine left in a translation."),
    ("translation-names", Severity.WARNING, "Names in Latin letters that a translation lacks."),
    ("translation-links", Severity.WARNING, "Links whose targets stand in another order than in the source."),
    ("translation-numbers", Severity.WARNING, "Numbers of a translation that differ from the source's."),
    (
        "translation-opposites",
        Severity.WARNING,
        "A word that has become its opposite: more or less, encoder or decoder.",
    ),
    ("translation-order", Severity.WARNING, "Two things or values that may have changed places."),
    ("translation-negation", Severity.WARNING, "A negation that is dropped or added."),
    ("translation-doubled", Severity.ERROR, "A word or a sentence that stands twice."),
    ("translation-chatter", Severity.ERROR, "What a machine says about its translation."),
    ("translation-length", Severity.WARNING, "A translation much shorter or longer than usual."),
    ("translation-repeated", Severity.WARNING, "One translation for different sources."),
    ("no-memory", Severity.WARNING, "The cache cannot be used, so every build begins anew."),
    ("bad-lock", Severity.ERROR, "deckgen.lock cannot be read."),
    ("lost-lock", Severity.WARNING, "deckgen.lock is gone, and git has it."),
    ("lock-outdated", Severity.ERROR, "deckgen.lock would change, and --locked forbids it."),
    ("frozen-schema", Severity.ERROR, "The note type's fields or templates are not those that were released."),
    ("frozen-name", Severity.INFO, "A setting names a deck that has kept another name since its release."),
    ("renamed-deck", Severity.WARNING, "A book that was not released yet, and that is called otherwise now."),
    ("dropped-edition", Severity.WARNING, "An edition that was released and is not built any more."),
    ("grown-edition", Severity.WARNING, "An edition that gains a language and keeps its notes."),
    ("lost-questions", Severity.ERROR, "Most of the questions are gone at once."),
    ("missing-history", Severity.WARNING, "The lock lags behind, and the commits in between are not here."),
    ("duplicate-id", Severity.ERROR, "Two questions that claim one key."),
    ("rendered-differently", Severity.INFO, "Notes that change only because a library renders them differently."),
    ("doubtful-match", Severity.WARNING, "A question that may or may not be an earlier one."),
    ("bad-note", Severity.ERROR, "An editor's note that cannot be read or belongs to no question."),
)


RULES_ABOUT_IDENTITY = frozenset(
    """bad-lock lost-lock lock-outdated frozen-schema frozen-name renamed-deck dropped-edition grown-edition
    lost-questions duplicate-id bad-directive rendered-differently doubtful-match missing-history""".split()
)
"""What depends on the lock as it was before a build."""


def diagnostic(
    rule: str, message: str, location: Location | None = None, *, hint: str = "", excerpt: str = ""
) -> Diagnostic:
    """A finding with its rule's own severity. KeyError for a rule that is not in the table."""
    return Diagnostic(
        rule=rule, severity=RULES[rule].severity, message=message, location=location, hint=hint, excerpt=excerpt
    )


def with_severities(findings: Iterable[Diagnostic], severities: Mapping[str, Severity]) -> tuple[Diagnostic, ...]:
    """The findings with the severities that the project set, those that are off left out."""
    changed = (
        replace(found, severity=severities[found.rule]) if found.rule in severities else found for found in findings
    )
    return tuple(found for found in changed if found.severity is not Severity.OFF)


def name_some(names: Iterable[str], *, most: int = 5) -> str:
    """Names for a message: the first ones, and how many more there are."""
    every = tuple(names)
    shown = ", ".join(every[:most])
    return f"{shown} and {len(every) - most} more" if len(every) > most else shown


def has_errors(findings: Iterable[Diagnostic]) -> bool:
    return any(found.severity is Severity.ERROR for found in findings)
