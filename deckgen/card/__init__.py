"""The note type that learners see: its fields, templates, style and words; what the fields hold is left to render."""

import hashlib
import html
import string
from collections.abc import Iterable, Mapping
from functools import cache, partial
from types import MappingProxyType
from urllib.parse import quote

from msgspec import Struct

from deckgen.card.colour import AA, blend, parse_colour, readable
from deckgen.card.links import link_attributes
from deckgen.card.settings import MIN_FONT_SIZE_PX, CardSettings
from deckgen.model import CardTemplate, Edition, Key, Language, NoteField, NoteType, replace
from deckgen.text.packaged import packaged_names, packaged_table, packaged_text

SPARE_FIELDS = 4
_SPACING: Mapping[str, Mapping[str, str]] = {
    "compact": {"gap": "0.6em", "leading": "1.6", "leading_latin": "1.45"},
    "normal": {"gap": "0.85em", "leading": "1.75", "leading_latin": "1.56"},
    "relaxed": {"gap": "1.1em", "leading": "1.9", "leading_latin": "1.7"},
}
_CONTRAST: Mapping[str, float] = {"day": AA, "night": 6.0}
"""Of accents and of colours from sources; by night the least that is allowed looks murky."""
_IDENTITY_DIGITS = 12
_NIGHT_DIAGRAM = "{ --dg-night: invert(0.91) hue-rotate(180deg); --dg-night-edge: #d6d2cb; }"
"""White becomes nearly the night's page, and the edge what lines are by night."""
_RIGHT_TO_LEFT = frozenset("ar arc ckb dv fa he ks ps sd syr ug ur yi Adlm Arab Hebr Nkoo Syrc Thaa".split())
_BADGES = ("draft", "stale", "partial", "missing")


def known_languages() -> tuple[str, ...]:
    """The tags of the languages whose names the cards know, in order."""
    return tuple(sorted(packaged_table("templates/languages.toml")))


@cache
def read_ui(language: Language) -> Mapping[str, str]:
    """The words on a card and of a deck's description, those of the tag without its region or script, else English.

    ``language_name`` is what the language calls itself, ``voice`` the locale that Anki's text-to-speech asks for;
    ``cards_count`` and ``outline`` hold ``{count}``, ``updated`` holds ``{version}``.
    """
    base = language.split("-")[0]
    names = packaged_table("templates/languages.toml")
    called = names.get(language) or names.get(base) or {"name": language, "voice": language.replace("-", "_")}
    available = packaged_names("templates/ui")
    nearest = next(tag for tag in (language, base, "en") if f"{tag}.toml" in available)
    words = packaged_table(f"templates/ui/{nearest}.toml")
    return {**words, "language_name": called["name"], "voice": called["voice"]}


def note_type(
    *,
    project_id: str,
    edition: Edition,
    root: Edition | None = None,
    name: str,
    settings: CardSettings,
    diagrams: Iterable[str] = (),
    addresses: Mapping[Key, str] = MappingProxyType({}),
    version: str = "",
) -> NoteType:
    """The edition's note type.

    ``diagrams`` are the identities of the images that take the colours of the night, ``addresses`` those of the
    questions in the book, ``version`` the newest release. They stand in style and templates, so they change no note.

    ``root`` is the edition that this one was before it gained a language, which takes the spare fields.

    Ids depend on the project, the root and what a field or template is, never on ``name`` or the settings, so
    that neither a new title nor a new look costs a learner anything.
    """
    shown = languages_shown(edition, settings)
    root = root or edition
    identify = partial(_identify, project_id, root)
    words = _Words(languages=shown, settings=settings, addresses=addresses, version=version)
    template = CardTemplate(
        name="Card 1",
        id=identify("template:Card 1"),
        front=_in_language("front.html", words, shown[0], question=_question(words, speech=_speech(words, "Question"))),
        back=_back(words),
        browser_front=f"{{{{Question {shown[0]}}}}}",
        browser_back=f"{{{{Answer {shown[0]}}}}}",
    )
    names = field_names(edition, root)
    return NoteType(
        id=identify("note type"),
        name=name,
        fields=tuple(
            NoteField(name=field, id=identify(f"field:{first}"))
            for field, first in zip(names, field_names(root), strict=True)
        ),
        templates=(template,),
        css=_css(shown, settings, diagrams),
        sort_field=names.index(f"Question {shown[0]}"),
    )


_MARKED = "\n/* --- updated in the newest release --- */\n"


def mark_updated(note_type: NoteType, keys: Iterable[Key], text: str) -> NoteType:
    """The note type whose style shows ``text`` on the backs of the notes with these keys."""
    marked = ",\n".join(f'.dg-card[data-key="{key}"] .dg-updated' for key in sorted(keys))
    if not marked:
        return note_type
    label = text.replace("\\", "").replace('"', "”")
    rules = f'{marked} {{ display: block; }}\n.dg-updated::before {{ content: "{label}"; }}\n'
    return replace(note_type, css=f"{note_type.css}{_MARKED}{rules}")


def unmarked(note_type: NoteType) -> NoteType:
    """What ``mark_updated`` took."""
    return replace(note_type, css=note_type.css.partition(_MARKED)[0])


def field_names(edition: Edition, root: Edition | None = None) -> tuple[str, ...]:
    """The fields in the order that is part of the schema: a language that the ``root`` lacks stands in spare fields."""
    first = (root or edition).languages
    spare = tuple(f"Spare {number}" for number in range(1, SPARE_FIELDS + 1))
    gained = _sides(language for language in edition.languages if language not in first)
    return ("Key", *_sides(first), "Source", "State", *gained, *spare[len(gained) :])


def _sides(languages: Iterable[Language]) -> tuple[str, ...]:
    return tuple(f"{side} {language}" for language in languages for side in ("Question", "Answer", "Category", "Note"))


def day_and_night(colour: str) -> tuple[str, str] | None:
    """A colour of a source as it can be read by day and by night, as ``#rrggbb``; None where it is no known colour."""
    parsed = parse_colour(colour)
    return (_readable(parsed, "day"), _readable(parsed, "night")) if parsed else None


def text_direction(language: Language) -> str:
    """``rtl`` or ``ltr``, by the tag's script, else by its language."""
    subtags = language.split("-")
    script = next((subtag for subtag in subtags[1:] if len(subtag) == 4), subtags[0])
    return "rtl" if script in _RIGHT_TO_LEFT else "ltr"


# --- templates --------------------------------------------------------------------------------------------------------


class PercentTemplate(string.Template):
    """``%%name`` is replaced when the text is made; Anki's own ``{{Field}}`` stays, as does ``$`` in scripts."""

    delimiter = "%%"


class _Words(Struct, frozen=True, kw_only=True):
    """What the templates are filled with; the first language is the one that shows."""

    languages: tuple[Language, ...]
    settings: CardSettings
    addresses: Mapping[Key, str]
    version: str

    @property
    def primary(self) -> Mapping[str, str]:
        return read_ui(self.languages[0])


def _back(words: _Words) -> str:
    return _in_language(
        "back.html",
        words,
        words.languages[0],
        question=_question(words, speech=""),
        corrections=_corrections(words),
        speech=_speech(words, "Answer"),
        translations=_translations("answer_translation.html", words),
        links=link_attributes(words.addresses),
        source=html.escape(words.primary["source"]),
        report=_report(words),
    )


def _question(words: _Words, *, speech: str) -> str:
    translations = _translations("question_translation.html", words)
    return _in_language("question.html", words, words.languages[0], speech=speech, translations=translations)


def _translations(template: str, words: _Words) -> str:
    return "\n".join(_in_language(template, words, language) for language in words.languages[1:])


def _in_language(template: str, words: _Words, language: Language, **parts: str) -> str:
    """A template with what is said in, or of, one language of the card, and its own parts."""
    own, primary = read_ui(language), words.languages[0]
    badges = (
        f'<span class="dg-badge dg-badge-{state}" data-lang="{language}" lang="{primary}">'
        f"{html.escape(words.primary[state])}</span>"
        for state in _BADGES
    )
    parts |= {
        "language": language,
        "direction": text_direction(language),
        "primary": primary,
        "name": html.escape(own["language_name"]),
        "label": html.escape(own["editor_note"]),
        "corrected": html.escape(own["corrected"]),
        "missing": html.escape(words.primary["missing"]),
        "badges": "".join(badges),
        "labels": _labels(words),
        "script": packaged_text("templates/card.js"),
    }
    parts |= {part: _fill(f"{part}.html", **parts) for part in ("correction", "note")}
    return _fill(template, **parts)


def _corrections(words: _Words) -> str:
    """What leads to the notes that are seen without a tap: the primary language's, and those without a translation."""
    primary, *others = words.languages
    untranslated = (
        f"{{{{^Answer {language}}}}}{{{{^Note {primary}}}}}{_in_language('correction.html', words, language)}"
        f"{{{{/Note {primary}}}}}{{{{/Answer {language}}}}}"
        for language in others
    )
    return "".join((_in_language("correction.html", words, primary), *untranslated))


def _labels(words: _Words) -> str:
    """The words that the script needs, as attributes."""
    ui = words.primary
    labels = {name: ui[name] for name in ("enlarge", "close", "outline", "top")}
    labels["language"] = ui["language_name"]
    return " ".join(f'data-{name}="{html.escape(text)}"' for name, text in labels.items())


def _speech(words: _Words, side: str) -> str:
    if not words.settings.text_to_speech:
        return ""
    return f'<div class="dg-speech">{{{{tts {words.primary["voice"]}:{side} {words.languages[0]}}}}}</div>'


def _report(words: _Words) -> str:
    if not words.settings.report_url:
        return ""
    wanted = html.escape(words.settings.report_url).replace("{version}", quote(words.version))
    wanted = wanted.replace("{key}", "{{Key}}")
    # The title can be written into an address by the script alone.
    address, title = wanted.replace("{title}", "{{Key}}"), f' data-address="{wanted}"' if "{title}" in wanted else ""
    return f'<a class="dg-report" href="{address}"{title}>{html.escape(words.primary["report"])}</a>'


# --- style ------------------------------------------------------------------------------------------------------------


def _css(languages: tuple[Language, ...], settings: CardSettings, diagrams: Iterable[str]) -> str:
    small = max(MIN_FONT_SIZE_PX, round(settings.font_size * 0.94))
    css = _fill(
        "card.css",
        day=_properties("day", settings),
        night=_properties("night", settings),
        font_size=f"{settings.font_size}px",
        small=f"{small}px",
        code_scale=f"{max(0.94, MIN_FONT_SIZE_PX / settings.font_size):.4f}em",
        **_SPACING[settings.density],
    )
    states = "".join(
        f'.{language}-{state} .dg-badge-{state}[data-lang="{language}"] {{ display: inline-block; }}\n'
        for language in languages
        for state in _BADGES
    )
    own = f"\n/* --- the deck's own style --- */\n{settings.user_css.strip()}\n" if settings.user_css else ""
    return f"{css}\n/* --- badges: what the field State says --- */\n{states}{_night_diagrams(diagrams)}{own}"


def _night_diagrams(identities: Iterable[str]) -> str:
    """The rule for the images that take the colours of the night, found by the beginning of their media names."""
    names = sorted({identity[:_IDENTITY_DIGITS] for identity in identities})
    images = ("img.dg-dark", *(f'img[src*="dg-{name}"]:not(.dg-light)' for name in names))
    selectors = ",\n".join(f".dg-card {image}" for image in images)
    return f"\n/* --- diagrams --- */\n{selectors} {_NIGHT_DIAGRAM}\n"


def _properties(theme: str, settings: CardSettings) -> str:
    colours = packaged_table("templates/theme.toml")[theme]
    accent = _readable(settings.accent, theme)
    values = {**colours, "accent": accent, "accent-soft": blend(accent, colours["page"], 0.6)}
    return "\n".join(f"  --dg-{name}: {value};" for name, value in values.items())


def _readable(colour: str, theme: str) -> str:
    colours = packaged_table("templates/theme.toml")[theme]
    return readable(colour, (colours["page"], colours["surface"]), ratio=_CONTRAST[theme])


# --- parts ------------------------------------------------------------------------------------------------------------


def languages_shown(edition: Edition, settings: CardSettings) -> tuple[Language, ...]:
    """The edition's languages in the order in which its cards show them."""
    first = settings.primary if settings.primary in edition.languages else edition.primary
    return tuple(sorted(edition.languages, key=lambda language: language != first))


def _identify(project_id: str, edition: Edition, part: str) -> int:
    """An id from 2³¹ to 2⁴⁰: beyond genanki's habit, before the first day of Anki, whose own ids are milliseconds."""
    digest = hashlib.sha256("\0".join((project_id, edition.name, part)).encode()).digest()
    return 2**31 + int.from_bytes(digest[:8], "big") % (2**40 - 2**31)


def _fill(template: str, **values: str) -> str:
    filled = PercentTemplate(packaged_text(f"templates/{template}")).substitute(values).strip()
    return f"{filled}\n" if template.endswith(".css") else filled
