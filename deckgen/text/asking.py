"""Whether a title sounds like a question, in Chinese or English."""

from __future__ import annotations

import re

_MARKED = re.compile(r"[？?]|[（(](?:\s|　)+[）)]|（）|_{3,}")
"""A mark, or a blank to fill in."""
_ASKING = re.compile(
    r"什么|如何|怎么|怎样|为何|哪[些个几种里类一]|多少|几[种个类]|是否|能否|有没有|吗$|呢$|区别|介绍|简述|简要|描述一|列举|谈谈|说说|"
    r"说下|说一|讲讲|讲一|讲下|聊聊|解释|阐述|对比|比较|手写|手撕|"
    r"\b(?:what|why|how|which|when|who|explain|describe|compare|difference)\b",
    re.IGNORECASE,
)
_TOPICAL = re.compile(r"概念|原理|机制|定义|作用|优缺点|优势|异同|特点|知识|流程|方法|步骤|应用")


def asking(title: str) -> float:
    """How much a title sounds like a question, from 0 to 1."""
    if _MARKED.search(title) or _ASKING.search(title):
        return 1.0
    return 0.4 if _TOPICAL.search(title) else 0.0
