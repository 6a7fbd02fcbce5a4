"""What deckgen tells an author or a maintainer: the rules, the values, the failures; nothing is printed here."""

from collections.abc import Iterable, Mapping
from enum import StrEnum

from msgspec import Struct

from deckgen.model import Location, replace
from deckgen.text.packaged import packaged_table


class Severity(StrEnum):
    ERROR = "error"
    WARNING = "warning"
    INFO = "info"
    OFF = "off"


class Rule(Struct, frozen=True, kw_only=True):
    """A kind of finding: its name in messages, settings and ``ignore`` comments, and what it is about."""

    name: str
    severity: Severity
    summary: str
    hint: str = ""
    """Empty where the finding itself has to say it."""


class Diagnostic(Struct, frozen=True, kw_only=True):
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


RULES: Mapping[str, Rule] = {
    name: Rule(name=name, severity=Severity(severity), summary=summary, hint="".join(hint))
    for name, (severity, summary, *hint) in packaged_table("rules.toml").items()
}
RULES_ABOUT_IDENTITY = frozenset(
    """bad-lock lost-lock lock-outdated frozen-schema frozen-name renamed-deck dropped-edition grown-edition
    lost-questions duplicate-id bad-directive rendered-differently doubtful-match missing-history""".split()
)
"""What depends on the lock as it was before a build."""


def diagnostic(
    rule: str,
    message: str,
    location: Location | None = None,
    *,
    hint: str = "",
    excerpt: str = "",
    severity: Severity | None = None,
) -> Diagnostic:
    """A finding with its rule's severity and hint, unless it has its own. KeyError for a rule not in the table."""
    severity, hint = severity or RULES[rule].severity, hint or RULES[rule].hint
    return Diagnostic(rule=rule, severity=severity, message=message, location=location, hint=hint, excerpt=excerpt)


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
