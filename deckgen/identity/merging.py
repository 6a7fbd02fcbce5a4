"""A lock with the lines of two branches → one line for each note, category and edition; only a person asks for it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

_KINDS = ("deckgen-lock", "edition", "category", "pending", "note")
_MARKERS = ("<<<<<<<", "|||||||", "=======", ">>>>>>>")
_FIXED: Mapping[str, tuple[str, ...]] = {"deckgen-lock": ("deckgen-lock", "project"), "note": ("guid",)}
"""What two lines for one thing must agree on to be merged."""


def merge_lines(text: str) -> tuple[str, int]:
    """The text with the lines for one thing made one and markers taken out, and how many lines went.

    Of a note the state with the later time wins, in each edition; a build compares it with the sources and stamps
    what differs anew, so that learners get the merged text whichever line won. Lines that cannot be read, or that
    give one key to two notes, stay for the reader of the lock to report.
    """
    lines = [line for line in text.split("\n") if line.strip()]
    groups: dict[tuple[str, str], list[dict[str, Any]]] = {}
    order: list[tuple[str, str] | str] = []
    for line in lines:
        if line.startswith(_MARKERS):
            continue
        value = _object(line)
        identity = _identity(value) if value else None
        if value is None or identity is None:
            order.append(line)
            continue
        if identity not in groups:
            order.append(identity)
        groups.setdefault(identity, []).append(value)
    settled = {("pending", key) for kind, key in groups if kind == "note"}
    merged = [
        line
        for item in order
        if item not in settled
        for line in ([item] if isinstance(item, str) else _written(_merged(item[0], groups[item])))
    ]
    return "".join(f"{line}\n" for line in merged), len(lines) - len(merged)


def _object(line: str) -> dict[str, Any] | None:
    try:
        value = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _identity(value: dict[str, Any]) -> tuple[str, str] | None:
    kind = next(iter(value), "")
    if kind not in _KINDS:
        return None
    return kind, "" if kind == "deckgen-lock" else str(value[kind])


def _written(values: Sequence[dict[str, Any]]) -> list[str]:
    return list(dict.fromkeys(json.dumps(value, ensure_ascii=False) for value in values))


def _merged(kind: str, values: list[dict[str, Any]]) -> list[dict[str, Any]]:
    fixed = _FIXED.get(kind, ())
    if len(values) == 1 or any(value.get(name) != values[0].get(name) for value in values for name in fixed):
        return values
    try:
        match kind:
            case "deckgen-lock":
                releases = dict.fromkeys(version for each in values for version in each["releases"])
                return [values[0] | {"releases": list(releases)}]
            case "edition":
                return [max(values, key=lambda each: each.get("note_type", {}).get("time", 0))]
            case "category":
                names = {edition: name for each in reversed(values) for edition, name in each["names"].items()}
                return [values[-1] | {"names": names}]
            case "note":
                return [_note(values)]
    except (AttributeError, KeyError, TypeError, ValueError):
        return values
    return values[:1]


def _note(values: list[dict[str, Any]]) -> dict[str, Any]:
    stamps: dict[str, dict[str, Any]] = {}
    for value in values:
        for edition, stamp in value["stamps"].items():
            stamps[edition] = max(stamps.get(edition, stamp), stamp, key=_shipped_and_time)
    latest: dict[str, Any] = max(values, key=_last_change)
    note = dict(latest)
    note["since"] = next((value["since"] for value in values if value["since"]), "")
    if any("retired" not in value for value in values):
        note.pop("retired", None)
    note["stamps"] = dict(sorted(stamps.items()))
    return note


def _shipped_and_time(stamp: Mapping[str, Any]) -> tuple[int, int]:
    return stamp.get("shipped", ("", 0))[1], stamp["time"]


def _last_change(note: dict[str, Any]) -> tuple[int, int]:
    return max((_shipped_and_time(stamp) for stamp in note["stamps"].values()), default=(0, 0))
