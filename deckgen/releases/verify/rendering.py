"""What Anki shows of any note: its templates filled in, leniently, so that nothing escapes for being written oddly."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Iterator, Mapping

from deckgen.apkg.contents import PackagedNote, PackagedNoteType
from deckgen.model import CardTemplate

_OTHER_BRACES = "{{=<% %>=}}"
"""At the beginning of a template: its tags are in ``<% %>``."""
_TAG = re.compile(r"\{\{([#^/]?)([^{}]*)\}\}")
_OTHER_TAG = re.compile(r"<%([#^/]?)(.*?)%>", re.DOTALL)
_EMPTY = re.compile(r"(?:\s|</?(?:br|div) ?/?>)*", re.IGNORECASE)
_HTML_TAG = re.compile(r"<[^>]*>|<!--.*?-->", re.DOTALL)
_CLOZE = re.compile(r"\{\{c[\d,]+::(.*?)(?:::((?:(?!\}\}).)*))?\}\}", re.DOTALL)
_FURIGANA = re.compile(r" ?([^ >]+?)\[(?!sound:)(.+?)\]")
"""A filter that joins what stands around a reading can make a tag of what was none."""
_FURIGANA_PARTS = {"kanji": r"\1", "kana": r"\2", "furigana": r"<ruby><rb>\1</rb><rt>\2</rt></ruby>"}


def rendered_sides(
    packaged: PackagedNoteType, note: PackagedNote, templates: Iterable[CardTemplate]
) -> Iterator[tuple[str, str]]:
    """Where, such as “front of Card 1”, and what these templates show there. A cloze is open, its hint behind it."""
    names = [field.name for field in packaged.note_type.fields]
    values = dict(zip(names, note.fields, strict=False))
    values |= {"Tags": " ".join(note.tags), "Deck": note.deck, "Subdeck": note.deck.rpartition("::")[2]}
    values |= {"Type": packaged.note_type.name}
    for template in templates:
        name = values["Card"] = template.name
        front = _render(template.front, values)
        yield f"front of {name}", front
        yield f"back of {name}", _render(template.back, values | {"FrontSide": front})


def _render(template: str, values: Mapping[str, str]) -> str:
    tags = _TAG
    if template.lstrip().startswith(_OTHER_BRACES):
        template, tags = template.lstrip().removeprefix(_OTHER_BRACES), _OTHER_TAG
    shown: list[str] = []
    hidden: list[str] = []
    position = 0
    for tag in tags.finditer(template):
        if not hidden:
            shown.append(template[position : tag.start()])
        position = tag.end()
        kind, name = tag[1], tag[2].strip()
        if kind == "/":
            if hidden and hidden[-1] == name:
                hidden.pop()
        elif kind:
            empty = bool(_EMPTY.fullmatch(values.get(name, "")))
            if hidden or empty == (kind == "#"):
                hidden.append(name)
        elif not hidden:
            shown.append(_filtered(name, values))
    return "".join([*shown, "" if hidden else template[position:]])


def _filtered(name: str, values: Mapping[str, str]) -> str:
    *filters, field = name.split(":")
    value = values.get(field.strip(), "")
    for each in reversed(filters):
        match each.strip().split(" ")[0]:
            case "text":
                value = html.unescape(_HTML_TAG.sub("", value))
            case "cloze" | "cloze-only":
                value = _CLOZE.sub(r"\1", value) + "".join(
                    f" {found[2]}" for found in _CLOZE.finditer(value) if found[2]
                )
            case "kanji" | "kana" | "furigana" as part:
                value = _FURIGANA.sub(_FURIGANA_PARTS[part], value.replace("&nbsp;", " "))
            case "type" | "tts":
                value = ""
    return value
