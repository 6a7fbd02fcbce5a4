"""What verification can find, by name; the names are stable, so that scripts can count on them."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from deckgen.diagnostics import Diagnostic, Severity
from deckgen.text.packaged import packaged_table

CHECKS: Mapping[str, tuple[Severity, str]] = MappingProxyType(
    {name: (Severity(how), what) for name, (how, what) in packaged_table("releases/verify/checks.toml").items()}
)
_LONGEST = 600
"""Characters of a message, which may name what a stranger made as long as they liked."""


def finding(check: str, file: str, message: str, *, severity: Severity | None = None, hint: str = "") -> Diagnostic:
    """A finding about ``file``. KeyError for a check that is not in the table."""
    if len(message) > _LONGEST:
        message = f"{message[:_LONGEST]}…"
    return Diagnostic(
        rule=check, severity=severity or CHECKS[check][0], message=f"{file}: {message}" if file else message, hint=hint
    )
