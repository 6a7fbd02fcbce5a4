"""Findings for programs: JSON, GitHub's workflow commands, SARIF 2.1.0; text for people is ``report``'s."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from urllib.parse import quote

from msgspec.structs import asdict

from deckgen import __version__
from deckgen.cli.terminal import json_text, without_controls
from deckgen.diagnostics import RULES, Diagnostic, Severity
from deckgen.identity.changes import Changes
from deckgen.model import Location

_LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "note", Severity.OFF: "none"}
_COMMANDS = _LEVELS | {Severity.INFO: "notice"}
_IN_MESSAGES = "%\r\n"
_IN_PROPERTIES = _IN_MESSAGES + ":,"


def findings_document(findings: Sequence[Diagnostic], changes: Changes) -> dict[str, object]:
    """The findings as one object; docs/rules.md describes its fields."""
    counts = {
        str(severity): sum(found.severity is severity for found in findings)
        for severity in (Severity.ERROR, Severity.WARNING, Severity.INFO)
    }
    return {
        "version": 1,
        "counts": counts,
        "findings": [asdict(found) | {"location": _place(found.location)} for found in findings],
        "changes": [
            {"kind": str(change.kind), "key": change.key, "title": change.title, "location": _place(change.location)}
            for change in changes.items
        ],
    }


def _format_sarif(findings: Sequence[Diagnostic], _: Changes) -> str:
    """A SARIF log of one run with the rules that were met. Columns count characters, as everywhere in deckgen."""
    rules = [RULES[name] for name in sorted({found.rule for found in findings})]
    places = {rule.name: index for index, rule in enumerate(rules)}
    run = {
        "tool": {
            "driver": {
                "name": "deckgen",
                "version": __version__,
                "rules": [
                    {
                        "id": rule.name,
                        "shortDescription": {"text": rule.summary},
                        "defaultConfiguration": {"level": _LEVELS[rule.severity]},
                    }
                    for rule in rules
                ],
            }
        },
        "columnKind": "unicodeCodePoints",
        "results": [_result(found, places[found.rule]) for found in findings],
    }
    log = {"$schema": "https://json.schemastore.org/sarif-2.1.0.json", "version": "2.1.0", "runs": [run]}
    return json_text(log, indent=2)


FORMATS: Mapping[str, Callable[[Sequence[Diagnostic], Changes], str]] = {
    "json": lambda findings, changes: json_text(findings_document(findings, changes), indent=2),
    "github": lambda findings, _: "".join(map(_command, findings)),
    "sarif": _format_sarif,
}


def _place(place: Location | None) -> dict[str, object] | None:
    ends = {"end_line": place.end_line or None, "end_column": place.end_column or None} if place else {}
    return asdict(place) | ends if place else None


def _command(found: Diagnostic) -> str:
    """A workflow command, which GitHub shows beside the line of the file."""
    properties: list[tuple[str, object]] = []
    if place := found.location:
        properties += [("file", place.path), ("line", place.line), ("col", place.column)]
        if place.end_line:
            properties += [("endLine", place.end_line), ("endColumn", place.end_column)]
    properties.append(("title", found.rule))
    written = ",".join(f"{name}={_escape(str(value), _IN_PROPERTIES)}" for name, value in properties)
    message = f"{found.message} – {found.hint}" if found.hint else found.message
    return f"::{_COMMANDS[found.severity]} {written}::{_escape(message, _IN_MESSAGES)}\n"


def _escape(text: str, characters: Iterable[str]) -> str:
    """Percent signs first, so that no escape is escaped again; nothing is left that a terminal would obey."""
    for character in characters:
        text = text.replace(character, f"%{ord(character):02X}")
    return without_controls(text)


def _result(found: Diagnostic, rule_index: int) -> dict[str, object]:
    result: dict[str, object] = {
        "ruleId": found.rule,
        "ruleIndex": rule_index,
        "level": _LEVELS[found.severity],
        "message": {"text": f"{found.message}. {found.hint}." if found.hint else found.message},
    }
    if place := found.location:
        region: dict[str, object] = {"startLine": place.line, "startColumn": place.column}
        if place.end_line:
            # An end in SARIF is the column behind the last character.
            region |= {"endLine": place.end_line, "endColumn": place.end_column + 1}
        if found.excerpt:
            region["snippet"] = {"text": found.excerpt}
        location = {"artifactLocation": {"uri": quote(place.path)}, "region": region}
        result["locations"] = [{"physicalLocation": location}]
    return result
