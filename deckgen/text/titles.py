"""What a title is: its leading number, the form in which two titles are the same, and whether it asks."""

import re
import unicodedata
from functools import lru_cache

from msgspec import Struct

from deckgen.model import replace

_HAN_DIGITS = {character: value for value, character in enumerate("零一二三四五六七八九")} | {"〇": 0, "两": 2}
_HAN = r"[〇零一二两三四五六七八九十百]{1,5}"
_DIGITS = r"[0-9０-９]{1,6}"
_DOTTED = rf"{_DIGITS}(?:[.．]{_DIGITS}){{0,5}}"
_ANY = rf"(?:{_DIGITS}|{_HAN})"

_STYLES: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (name, re.compile(rf"\s*{pattern}\s*", re.IGNORECASE))
    for name, pattern in (
        # 第一章基础 is numbered without a separator; 第一节点 and 第三题型 are words.
        ("chapter", rf"第\s*(?P<n>{_ANY})\s*章(?!节)\s*[:：、.．]?"),
        ("part", rf"第\s*(?P<n>{_ANY})\s*(?:节|题|讲|课|部分|篇|问|回|类)(?:\s*[:：、.．]|\s|$)"),
        ("question", rf"(?:面试题|问题|题目|题|问|Question)\s*(?P<n>{_ANY})(?:\s*[:：、.．)）]|\s|$)"),
        ("question", rf"Q\s*(?P<n>{_DIGITS})\s*(?:[:：、.．)）]|[·•|–—-]\s)"),
        ("asked", r"(?:Question|Q|问题|提问|问)\s*[:：]"),
        (
            "bracket",
            rf"(?:[(（]\s*(?P<n>{_ANY})\s*[)）]|【\s*(?:面试题|问题|题目|题|Q)?\s*(?P<m>{_ANY})\s*】"
            rf"|\[\s*(?P<k>{_DIGITS})\s*\](?!\())\s*[:：、.．]?",
        ),
        ("han", rf"(?P<n>{_HAN})\s*[、.．]"),
        # The dot of 1.5版本 and 2.x belongs to the title, and so does the colon of 16:9.
        ("number", rf"(?P<n>{_DOTTED})\s*(?:[、)）。]|[·•]\s|\\?[.．:：](?![0-9０-９]|[xX](?![A-Za-z])))"),
        ("keycap", r"(?P<n>(?:[0-9]\ufe0f?\u20e3)+)\s*[:：、.．]?"),
        ("circled", r"(?P<n>[①-⑳])\s*[:：、.．]?"),
    )
)
_TURN = re.compile(r"\s*([0-9０-９]{1,6})\s*[.．]\s*(?=\S)")
_BARE = re.compile(rf"\s*(?P<n>{_DOTTED})\s+(?=\S)")
_LETTERED = re.compile(
    r"(?P<letters>[A-Z]{1,4})[.．](?P<n>\d{1,3}(?:\.\d{1,3}){0,3})(?:[.．、:：]\s*|\s+)(?=\S)", re.ASCII
)
_OF_DIGITS_FIRST = tuple((name, pattern) for name, pattern in _STYLES if name in ("number", "keycap"))
_STARTS = frozenset(
    "第面问题提QqＱ(（【[①②③④⑤⑥⑦⑧⑨⑩⑪⑫⑬⑭⑮⑯⑰⑱⑲⑳〇零一二两三四五六七八九十百0123456789０１２３４５６７８９"
)
"""What a number can begin with."""
_EMPHASIS = re.compile(r"\s*(\*\*\*|\*\*|__|\*)(?=\S)")
_PICTOGRAPH = "[\u2600-\u26ff\u2705-\u2775\u2794-\u27bf\u2b50\u2b55\U0001f300-\U0001faff]\ufe0f?"
_BEFORE_NUMBER = re.compile(rf"\s*((?:{_PICTOGRAPH}\s*)+|\[(?=[^\[\]]*\]\())")
"""A pictograph, or the bracket of a link that is the whole title: it stays, the number behind it goes."""
_UNSEEN = "\u200b\u200c\u200d\u2060\ufeff"
_INLINE_TAG = re.compile(
    r"</?(?:a|b|br|code|em|font|i|kbd|mark|s|small|span|strong|sub|sup|u)(?=[\s/>])[^<>]*>", re.IGNORECASE
)
_LINK = re.compile(r"!?\[([^\[\]]*)\]\([^()\s]*\)")


class Split(Struct, frozen=True, kw_only=True):
    """A title and the number that led it.

    ``number`` is as written and empty where there is none; ``style`` names its kind and ``parts`` its values,
    ``(3, 4, 12)`` for ``3.4.12``.
    """

    number: str
    title: str
    style: str = ""
    parts: tuple[int, ...] = ()

    @property
    def value(self) -> int | None:
        return self.parts[-1] if self.parts else None


@lru_cache(maxsize=4096)
def split_number(text: str, *, bare: bool = False, expected: int | None = None) -> Split:
    """The title and its number: ``"3. 标题"`` → ``"3."`` and ``"标题"``.

    Only what cannot be anything else counts as a number, unless its neighbours tell more: ``bare`` allows ``3.1 标题``
    without punctuation, and ``expected`` is the value that ``3.3D卷积`` must begin with to be the third title.
    """
    text = text.lstrip(_UNSEEN) if text[:1] in _UNSEEN else text
    if (
        (found := _BEFORE_NUMBER.match(text))
        and (inner := _split(text[found.end() :], False, expected))
        and inner.parts
    ):
        return replace(inner, title=found[1] + inner.title)
    if (found := _EMPHASIS.match(text)) and (inner := _split(text[found.end() :], bare, expected)):
        closes = inner.title.startswith(found[1])  # **1.** 标题
        return replace(inner, title=inner.title.removeprefix(found[1]).strip() if closes else found[1] + inner.title)
    return _split(text, bare, expected) or Split(number="", title=text.strip())


def split_lettered(text: str) -> Split:
    """The title and number of ``A.1. 什么是锁？`` or ``IV.2 …``, which its neighbours alone tell from M.2 and H.264."""
    if not (found := _LETTERED.match(text)):
        return Split(number="", title=text)
    letters = sum(ord(letter) << 8 * place for place, letter in enumerate(found["letters"]))
    parts = (letters, *map(int, found["n"].split(".")))
    return _behind(found, "lettered", parts)


def normalised_title(title: str) -> str:
    """What makes two titles the same: numbering, markup, width, case, punctuation and spaces folded away.

    A title of nothing else, such as ``？``, stays as it is. Stored in deckgen.lock, so it must never change.
    """
    plain = split_number(title).title
    plain = _INLINE_TAG.sub("", plain) if "<" in plain else plain
    plain = _LINK.sub(r"\1", plain) if "[" in plain else plain
    return folded(plain) or title.strip()


def folded(text: str) -> str:
    """The text without what a typist varies: width, case, spaces, punctuation, backticks and dollar signs."""
    if _STANDS_ALONE.fullmatch(text):
        parts = _BETWEEN_WORDS.split(text.lower())
        parts[1::2] = map(_folded_once, parts[1::2])
        return "".join(parts)
    return _folded(text)


def _folded(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold().translate(_FOLDING)


def _split(text: str, bare: bool, expected: int | None) -> Split | None:
    if expected is not None and (found := _TURN.match(text)) and int(found[1]) == expected:
        return _behind(found, "number", (expected,))
    first = text.lstrip()[:1]
    if first not in _STARTS:
        return None
    for style, pattern in _OF_DIGITS_FIRST if first.isdecimal() else _STYLES:
        if found := pattern.match(text):
            return _behind(found, style, _values(found[found.lastgroup]) if found.lastgroup else ())
    if bare and (found := _BARE.match(text)):
        return _behind(found, "bare", _values(found["n"]))
    return None


def _behind(found: re.Match[str], style: str, parts: tuple[int, ...]) -> Split:
    """The title that follows a number, from what was found of it at the text's start."""
    return Split(number=found[0].strip(), title=found.string[found.end() :].strip(), style=style, parts=parts)


def _values(number: str) -> tuple[int, ...]:
    if number[0] in "①②③④⑤⑥⑦⑧⑨⑩⑪⑫⑬⑭⑮⑯⑰⑱⑲⑳":
        return (ord(number[0]) - ord("①") + 1,)
    if number[-1] == "\u20e3":
        return (int("".join(filter(str.isdecimal, number))),)
    if number[0].isdecimal():
        return tuple(map(int, re.split(r"[.．]", number)))
    return (han_value(number),)


def han_value(number: str) -> int:
    """``二十三`` → 23; digits in a row, as in ``二三``, are read one after the other."""
    total, digit = 0, 0
    for character in number:
        if character == "十":
            total, digit = total + (digit or 1) * 10, 0
        elif character == "百":
            total, digit = total + (digit or 1) * 100, 0
        else:
            digit = digit * 10 + _HAN_DIGITS[character]
    return total + digit


_ASKING = re.compile(
    "什么是|是什么|什么叫|指的是|请问|请|简述|简单|介绍|解释|说明|谈谈|说说|说下|讲讲|描述|阐述|叙述|列举|如何|怎么样|怎么|怎样|哪些|哪个|哪种|"
    "有什么|什么|为什么|为何|是否|代表|表示|理解|一下|含义|意思|概念|定义|[的呢吗吧啊了有是中在你]|whatisthe|whatis|whatarethe|whatare|"
    "explain|describe|howdoes|howdo|howto|how|why|doesthe|does"
)
"""Words that ask, in folded titles; what is left of a title says what it is about."""
_HAN_CHARACTER = re.compile("[\u3400-\u9fff]")


def telling_part(title: str) -> str:
    """A folded title without the words that ask: what two wordings of one question have in common."""
    return _ASKING.sub("", title) or title


def is_han(title: str) -> bool:
    """Whether a title has ideographs, as a Chinese one has and its English translation has not."""
    return _HAN_CHARACTER.search(title) is not None


_QUESTION_MARK = re.compile(r"[？?]|[（(](?:\s|　)+[）)]|（）|_{3,}")
"""A mark, or a blank to fill in."""
_QUESTION_WORD = re.compile(
    r"什么|如何|怎么|怎样|为何|哪[些个几种里类一]|多少|几[种个类]|是否|能否|有没有|吗$|呢$|区别|介绍|简述|简要|描述一|列举|谈谈|说说|"
    r"说下|说一|讲讲|讲一|讲下|聊聊|解释|阐述|对比|比较|手写|手撕|"
    r"\b(?:what|why|how|which|when|who|explain|describe|compare|difference)\b",
    re.IGNORECASE,
)
_TOPIC_WORD = re.compile(r"概念|原理|机制|定义|作用|优缺点|优势|异同|特点|知识|流程|方法|步骤|应用")


def ask_score(title: str) -> float:
    """How much a title sounds like a question, from 0 to 1."""
    if _QUESTION_MARK.search(title) or _QUESTION_WORD.search(title):
        return 1.0
    return 0.4 if _TOPIC_WORD.search(title) else 0.0


class _Folding(dict[int, int | None]):
    """For ``str.translate``: what a title tells is kept, the rest dropped; learnt as characters are met."""

    def __missing__(self, code: int) -> int | None:
        character = chr(code)
        told = unicodedata.category(character)[0] in "LMNS" and character not in "`$"
        self[code] = code if told else None
        return self[code]


_FOLDING = _Folding()


_folded_once = lru_cache(maxsize=4096)(_folded)
"""Of what stands between words, which comes up again and again."""
_STANDS_ALONE = re.compile("[\\n -~\u00b7\u2010-\u2027\u2190-\u21ff\u3000-\u3011\u4e00-\u9fff\uff01-\uff60]*+")
"""A text whose characters compose with no other, so that its parts can be folded one by one."""
_BETWEEN_WORDS = re.compile("([^a-z0-9\u4e00-\u9fff]+)")
