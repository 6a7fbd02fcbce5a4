"""Holds the cards of any folder of chapters to what the browser tests ask of the shipped deck: give the folder."""

from __future__ import annotations

import shutil
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from browser import find_browser, open_browser
from card_pages import write_card_pages
from test_cards_in_browser import problems_of, watched_page


def main(folder: Path) -> int:
    path = find_browser()
    if path is None:
        print("there is no Chromium: run tests/setup_browser.py", file=sys.stderr)
        return 1
    with tempfile.TemporaryDirectory() as temporary, open_browser(path) as browser:
        project = Path(temporary) / "project"
        shutil.copytree(folder, project)
        (project / "deckgen.toml").write_text('[deck]\nchapters = ["**/*.md"]\n', encoding="utf-8")
        cards = write_card_pages(project, Path(temporary) / "pages", ("zh",))
        started, problems = time.perf_counter(), []
        with watched_page(browser) as page:
            for card in cards:
                for problem in problems_of(page, card):
                    problems.append(problem)
                    print(problem, flush=True)
        seconds = time.perf_counter() - started
    print(f"{len(cards)} sides, {len(problems)} problems, {seconds:.0f} s")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
