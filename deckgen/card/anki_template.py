"""Anki's template language, for views outside Anki; read leniently, so that nothing escapes for being written oddly."""

import html
import re
from collections.abc import Mapping
from typing import Literal

from deckgen.model import NoteType

MAX_SHOWN = 4_000_000
_OTHER_BRACES = "{{=<% %>=}}"
"""At the beginning of a template: its tags are in ``<% %>``."""
_TAG = re.compile(r"\{\{([#^/]?)([^{}]*)\}\}")
_OTHER_TAG = re.compile(r"<%([#^/]?)(.*?)%>", re.DOTALL)
_EMPTY = re.compile(r"(?:\s|</?(?:br|div) ?/?>)*", re.IGNORECASE)
"""What Anki takes for an empty field (``field_is_empty`` in rslib's ``template.rs``)."""
_HTML_TAG = re.compile(r"<[^>]*>|<!--.*?-->", re.DOTALL)
_CLOZE = re.compile(r"\{\{c[\d,]+::(.*?)(?:::((?:(?!\}\}).)*))?\}\}", re.DOTALL)
_FURIGANA = re.compile(r" ?([^ >]+?)\[(?!sound:)(.+?)\]")
"""A filter that joins what stands around a reading can make a tag of what was none."""
_FURIGANA_PARTS = {"kanji": r"\1", "kana": r"\2", "furigana": r"<ruby><rb>\1</rb><rt>\2</rt></ruby>"}


def render_card(note_type: NoteType, fields: tuple[str, ...], side: Literal["front", "back"]) -> str:
    """One side of a deckgen note's card, without the style; ``fields`` are in the order of the note type's."""
    template = note_type.templates[0]
    values = {field.name: value for field, value in zip(note_type.fields, fields, strict=True)}
    return render_template(template.front if side == "front" else template.back, values)


def render_template(template: str, values: Mapping[str, str]) -> str:
    """What a template shows of these fields, without the style, as Anki puts it into the page's body.

    A cloze is open, its hint behind it; text-to-speech leaves nothing, since there is no voice outside Anki. Fields are
    filled in as long as they have no more than ``MAX_SHOWN`` characters together.
    """
    tags = _TAG
    if template.lstrip().startswith(_OTHER_BRACES):
        template, tags = template.lstrip().removeprefix(_OTHER_BRACES), _OTHER_TAG
    shown: list[str] = []
    hidden: list[str] = []
    position = size = 0
    for tag in tags.finditer(template):
        if size > MAX_SHOWN:
            break
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
            size += len(shown[-1])
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
