"""What a machine says about its translation instead of translating."""

from __future__ import annotations

import re


def chatter(source: str, translation: str) -> str:
    """The words about the translation itself that stand in it and not in the source; empty where there are none."""
    found = _CHATTER.search(translation)
    return found[0].strip() if found and not _TALKS.search(source) else ""


_BEGINNINGS = (
    r"(?:sure|certainly|of course|okay|ok|absolutely|here you go)\b[,!.:]",
    r"here(?:['’]s| is| are)\b[^.\n]{0,40}\b(?:translat|version)",
    r"(?:the |my )?(?:english |japanese )?translat(?:ion|ed text)\b[^.\n]{0,30}(?::|\bis\b)",
    r"translated\b[^.\n]{0,30}:",
    r"(?:i['’]m|i am) sorry\b|as an ai\b|i (?:can(?:['’]|no)t|cannot|am unable)\b|i(?:['’]d| would) be happy to",
    "以下(?:は|が|に)[^。\n]{0,12}(?:訳|翻訳)",
    "(?:日本語|英語)?(?:訳文?|翻訳(?:文|結果)?)(?:は[^。]{0,6})?[：:]",
    "はい[、。]|承知(?:いたし|し)ました|もちろん(?:です|、)|かしこまりました",
    "(?:以下|下面|[这這])[是為为]?[^。\n]{0,12}(?:[译譯]文|翻[译譯])",
    "好的[，。！]|[当當]然[，。！]",
    r"(?:翻[译譯](?:如下|[结結]果)?|[译譯]文|번역)\s*[：:]",
)
_ANYWHERE = (
    r"\(?(?:translat(?:or|ion)['’]?s? note):|\(note:",
    r"\b(?:let me know if|i hope this helps|feel free to ask)\b|\bnote:[^\n]{0,200}\Z",
    "[(（]?訳[者]?注[：:]|ご不明な点|お役に立て",
)
_CHATTER = re.compile(rf"\A\W*(?:{'|'.join(_BEGINNINGS)})|{'|'.join(_ANYWHERE)}", re.IGNORECASE)
_TALKS = re.compile("翻译|译文|译者|译注|抱歉|当然|好的|注意|以下是|这是|translat|note|sorry|sure", re.IGNORECASE)
"""In a text whose translation may well read like chatter."""
