"""What verification can find, by name; the names are stable, so that scripts can count on them."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from deckgen.diagnostics import Diagnostic, Severity

CHECKS: Mapping[str, tuple[Severity, str]] = MappingProxyType(
    {
        "unreadable": (Severity.ERROR, "No package, or one that is damaged or not safe to open."),
        "sums": (Severity.ERROR, "A file that is not what SHA256SUMS says, or SHA256SUMS itself is missing or broken."),
        "stray-file": (Severity.ERROR, "A file in the folder that SHA256SUMS does not name."),
        "manifest": (Severity.ERROR, "release.json is missing or broken, or does not tell the truth."),
        "record": (Severity.ERROR, "record.jsonl is missing or broken, or is not what the manifest says."),
        "package-name": (Severity.ERROR, "A name at which AnkiDroid would replace the whole collection."),
        "no-notes": (Severity.ERROR, "A package without notes, or a note without a card."),
        "broken-note": (Severity.ERROR, "A note that does not fit its note type, or has nothing in its first field."),
        "duplicate-guid": (Severity.ERROR, "Two notes with one GUID: Anki would take them for one."),
        "duplicate-key": (Severity.ERROR, "Two notes with one first field, where it is their key."),
        "active-content": (Severity.ERROR, "Something that would run on a learner's device."),
        "remote-content": (Severity.WARNING, "Something that is loaded from the network."),
        "missing-media": (Severity.ERROR, "A file that a card shows and the package lacks."),
        "unused-media": (Severity.WARNING, "A file that no card shows."),
        "media-size": (Severity.ERROR, "A file larger than Anki synchronises."),
        "media-name": (Severity.ERROR, "A file name too long for AnkiDroid."),
        "stray-entry": (Severity.WARNING, "Something in the package that Anki does not read."),
        "future": (Severity.ERROR, "A time or an id in the future: later updates would seem older."),
        "default-deck": (Severity.ERROR, "Cards in Anki's own default deck."),
        "due-order": (Severity.WARNING, "New cards without an order."),
        "schedule": (Severity.WARNING, "Cards that bring somebody's learning progress along."),
        "schema": (Severity.ERROR, "A note type or a GUID that is not the lock's: learners' cards would not update."),
        "import": (Severity.ERROR, "Anki does not import what the package holds."),
        "browser": (Severity.INFO, "How many scripts, requests and navigations --deep counted in a browser."),
        "not-imported": (Severity.INFO, "The import was not tried."),
    }
)


def finding(check: str, file: str, message: str, *, severity: Severity | None = None, hint: str = "") -> Diagnostic:
    """A finding about ``file``. KeyError for a check that is not in the table."""
    return Diagnostic(
        rule=check, severity=severity or CHECKS[check][0], message=f"{file}: {message}" if file else message, hint=hint
    )
