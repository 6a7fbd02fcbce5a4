"""A project of cards that break pages, and one of everything a card can hold, for reviewed screenshots."""

from __future__ import annotations

from pathlib import Path

from PIL import Image, ImageDraw
from projects import make_project

LONG_WORD = "antidisestablishmentarianism" * 18
FORMULA = r"\mathcal{L}(\theta)=" + "+".join(
    rf"\sum_{{i=1}}^{{n_{i}}}\frac{{w_{i}x_{i}}}{{\sigma_{i}}}" for i in range(7)
)
ARABIC = "الانتباه يجعل كل كلمة ترى الكلمات الأخرى، ثم تُجمع القيم حسب الأوزان."
TABLE = "\n".join(
    "| " + " | ".join(cells) + " |"
    for cells in (
        [f"第{column}列标题" for column in range(12)],
        ["---"] * 12,
        ["`code_span`"] * 12,
        *([f"数值 {row}.{column}" for column in range(12)] for row in range(6)),
    )
)
CASES = {
    "一个三万字的答案": "\n\n".join(
        f"第{number}段。" + "注意力让每个词看到其他词，权重由相似度决定。" * 10 for number in range(140)
    ),
    "一张十二列的表格": TABLE,
    "一个很长的公式": f"行内 ${FORMULA}$ 之后还有文字。\n\n$${FORMULA}$$",
    "一个不断开的长词": f"前文 {LONG_WORD} 后文\n\n`{LONG_WORD}`\n\n- {LONG_WORD}\n\n> {LONG_WORD}",
    "一张很高的图": "图如下：\n\n![很高的图](imgs/tall.png)",
    "没有译文的卡片": "只有中文。",
    "从右到左的文字": f"{ARABIC}\n\n1. {ARABIC}\n2. 中文与 {ARABIC} 混排\n\n> {ARABIC}",
    f"标题里的长词 {LONG_WORD[:200]} 与公式 $x^2$": "标题也不应撑破页面。",
    "很深的列表": "\n".join("  " * level + f"- 第 {level} 层 `code_{level}` 的文字要能读" for level in range(9)),
    "很长的一行代码": "```python\nresult = " + " + ".join(f"layer_{number}(x)" for number in range(60)) + "\n```",
    "行内公式刚好比一行长": r"$E_{total}=E_{o1}+E_{o2}=0.274811083+0.023560026=0.298371109+0.1234567890$。",
    "错误的公式": r"$\frac{1}{$ 与 $\undefinedcommand{x}$",
    "有颜色的字": '<font color="red">红</font>、<font color="#ffff00">黄</font>、<font color="navy">深蓝</font>',
}
SAMPLE = r"""## 1. 大模型基础

### 1. 为什么自注意力的分数要除以 $\sqrt{d_k}$？

点积的**方差**随维度增大，softmax 会进入梯度很小的区域：

$$\mathrm{softmax}\left(\frac{QK^\top}{\sqrt{d_k}}\right)V$$

1. 缩放让方差保持为 1；
2. 训练因此更稳定，见 [Transformer 论文](https://arxiv.org/abs/1706.03762)。

> 面试时先说结论，再推导。

```python
def scale(q, k):
    return q @ k.T / k.shape[-1] ** 0.5  # 缩放
```

| 维度 | 方差 |
| --- | --- |
| 64 | 64 |
| 128 | 128 |

![结构图](imgs/图.png)
"""


def make_stress_project(folder: Path) -> Path:
    chapter = "## 1. 压力测试\n\n" + "\n\n".join(
        f"### {number}. {title}\n\n{answer}" for number, (title, answer) in enumerate(CASES.items(), 1)
    )
    make_project(folder, chapter=chapter + "\n", settings='[images]\nroots = ["imgs"]\n')
    tall = Image.new("RGB", (400, 4000), "white")
    draw = ImageDraw.Draw(tall)
    for top in range(40, 3960, 160):
        draw.rectangle((60, top, 340, top + 90), outline="#2353a0", width=5)
    tall.save(folder / "imgs/tall.png")
    return folder


def make_sample_project(folder: Path) -> Path:
    return make_project(folder, chapter=SAMPLE)
