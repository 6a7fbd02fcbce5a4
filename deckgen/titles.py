"""What a title is: its leading number, and the form in which two titles are the same."""

from __future__ import annotations

import re
import unicodedata

_NUMBER = re.compile(r"\s*(\d+(?:\.\d+)*)\s*[.．、)）]\s*|\s*第[一二三四五六七八九十百\d]+[章节]\s*")


def strip_number(text: str) -> tuple[str, str]:
    """``"3. 标题"`` → ``("3.", "标题")``; the number is empty where there is none."""
    found = _NUMBER.match(text)
    return (found[0].strip(), text[found.end() :].strip()) if found else ("", text.strip())


def normalised_title(title: str) -> str:
    """What makes two titles the same: numbering, width, case, punctuation and spaces folded away.

    A title of nothing else, such as ``？``, stays as it is.
    """
    return folded(strip_number(title)[1]) or title.strip()


def folded(text: str) -> str:
    """The text without what a typist varies: width, case, spaces, punctuation, backticks and dollar signs."""
    plain = unicodedata.normalize("NFKC", text).casefold()
    return "".join(character for character in plain if _is_told(character))


def _is_told(character: str) -> bool:
    return unicodedata.category(character)[0] in "LMNS" and character not in "`$"
