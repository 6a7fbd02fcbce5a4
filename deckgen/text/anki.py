r"""The last step before Anki: text that Anki or MathJax would take for something else, made harmless.

Anki composes what it imports (Unicode's normal form C): ``>`` and U+0338 become ``≯``, and the tag that ended there
goes on. It gives ``[sound:…]``, ``[[type:…]]``, ``[latex]`` and ``{{…}}`` meanings of its own, wherever they stand, and
MathJax sets whatever is between ``\(`` and ``\)`` outside code. Every string that reaches a package goes through here.
"""

import html
import re
import unicodedata

_JOINER = "\u034f"
"""The combining grapheme joiner: nobody sees it, and nothing composes across it."""
_SLASH = "\u0338"
"""The only mark that composes with a character of HTML's syntax; a test computes it from Unicode's tables."""
_TEXT_START = re.compile(r"(^|>)(?=([^<]))")
_TOKEN = re.compile(r"<[^>]*>|[^<]+")
_VERBATIM = ("code", "pre")
"""Where MathJax reads nothing."""
_FORMULA = '<span class="dg-math '
_DELIMITER = re.compile(r"\\([()\[\]])")
_TAKEN = re.compile(r"\[(?=\s*sound:|/?latex\]|/?\${1,2}\]|/?anki:|\[\s*type:)", re.IGNORECASE)
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")
_NAME_MARKUP = re.compile(
    rf"<(?=[A-Za-z/!?])|&(?=#|[A-Za-z][A-Za-z0-9]*;)|\\(?=[()\[\]])|{_TAKEN.pattern}|\{{(?=\{{)|(?<=\{{)\{{",
    re.IGNORECASE,
)
_FULL_WIDTH = {ord(character): ord(character) + 0xFEE0 for character in "<&\\[{"}


def safe_field(markup: str) -> str:
    """Serialised, well-formed HTML as a field that Anki keeps as it is; a field comes out unchanged."""
    markup = composed(markup)
    # Formulas have two delimiters each; to count is far quicker than to look where they are.
    if "\\" in markup and len(_DELIMITER.findall(markup)) != 2 * markup.count(_FORMULA):
        markup = _shield_delimiters(markup)
    markup = _TAKEN.sub("&#91;", markup)
    return markup.replace("{{", "&#123;&#123;").replace("}}", "&#125;&#125;")


def safe_text(text: str) -> str:
    """Plain text as a field's HTML."""
    return safe_field(html.escape(without_controls(text), quote=False))


def safe_name(text: str) -> str:
    """The name of a deck or a tag, which Anki puts into its pages as it stands: what would be markup is full-width."""
    name = unicodedata.normalize("NFC", without_controls(text))
    return _NAME_MARKUP.sub(lambda found: found[0].translate(_FULL_WIDTH), name)


def without_controls(text: str) -> str:
    """A text without the characters that no page and no tree of HTML may hold."""
    return _CONTROL.sub("", text)


def composed(markup: str) -> str:
    """Serialised HTML in Anki's normal form, with the same tags: a text that begins with a mark is kept apart."""
    markup = without_controls(markup)
    if unicodedata.is_normalized("NFC", markup):
        return markup
    if _SLASH in markup:
        markup = _TEXT_START.sub(lambda found: found[0] + _JOINER * bool(unicodedata.combining(found[2])), markup)
    return unicodedata.normalize("NFC", markup)


def _shield_delimiters(markup: str) -> str:
    r"""Each ``\(`` outside formulas and code in two elements, which MathJax does not read together."""
    parts = []
    verbatim, formula = 0, False
    for token in _TOKEN.findall(markup):
        if token[0] == "<":
            name = re.split(r"[\s>]", token.lstrip("</"), maxsplit=1)[0]
            verbatim += (-1 if token[1] == "/" else 1) if name in _VERBATIM else 0
            formula = token.startswith(_FORMULA)
        elif not verbatim and not formula:
            token = _DELIMITER.sub(r"\\<span>\1</span>", token)
        parts.append(token)
    return "".join(parts)
