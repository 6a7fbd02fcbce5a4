"""How smoothly the preview shows many cards: frames while all cards scroll by, against an empty page of that height.

    python benchmarks/preview_scrolling.py [--cards N]

Scrolls both in the same browser at reading speed and fast; prints the frames per second of each, their ratio, and the
longest that the page did not answer.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from browser import find_browser, open_browser
from click.testing import CliRunner
from playwright.sync_api import Page

from deckgen.cli import main as deckgen

SPEEDS = {"reading": 12, "fast": 120}
"""CSS pixels a frame."""
SECONDS = 5
SCROLL = """async ([step, seconds]) => {
  const gaps = [], start = performance.now();
  for (let last = start, now = start; now - start < seconds * 1000; last = now) {
    window.scrollBy(0, step);
    now = await new Promise(requestAnimationFrame);
    if (now > last) gaps.push(now - last);
  }
  gaps.sort((a, b) => a - b);
  return [gaps.length / seconds, gaps[gaps.length - 1]];
}"""
QUESTION = """### {n}. 为什么第{n}种方法更好？

它把**每个位置**与其他位置比较，见公式 $x_{n}$。

| 甲 | 乙 |
|---|---|
| 一 | 二 |

```python
x = {n}
```

"""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cards", type=int, default=5000)
    cards = parser.parse_args().cards
    path = find_browser()
    if path is None:
        print("there is no Chromium: run tests/setup_browser.py", file=sys.stderr)
        return 1
    with tempfile.TemporaryDirectory() as temporary, open_browser(path) as browser:
        folder = Path(temporary)
        questions = (QUESTION.replace("{n}", str(number)) for number in range(1, cards + 1))
        (folder / "chapter.md").write_text("## 甲\n\n" + "".join(questions), encoding="utf-8")
        made = CliRunner().invoke(deckgen, ["preview", "--project", str(folder)])
        if made.exit_code:
            print(made.output, file=sys.stderr)
            return 1
        page = browser.new_page(viewport={"width": 1400, "height": 900})
        for speed, step in SPEEDS.items():
            page.set_content(f"<div style='height:{cards * 900}px'>")
            empty, _ = _scrolled(page, step)
            page.goto((folder / "build/preview/index.html").as_uri())
            page.locator("#gallery").click()
            page.locator(".row iframe").first.wait_for()
            full, longest = _scrolled(page, step)
            rates = f"{full:5.1f} of {empty:5.1f} frames a second ({full / empty:.2f})"
            print(f"{speed:8} {rates}, longest {longest:.0f} ms")
    return 0


def _scrolled(page: Page, step: int) -> tuple[float, float]:
    rate, longest = page.evaluate(SCROLL, [step, SECONDS])
    return rate, longest


if __name__ == "__main__":
    sys.exit(main())
