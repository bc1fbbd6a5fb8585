"""Make the pictures of the README: the real views, in a real browser, light and dark.

Run `make pictures`. Needs Chromium; each view is exported to a file and opened without network.
"""

import os
import random
import shutil
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, sync_playwright

from embedlab.explorers.registry import explorer_class
from embedlab.lessons.classroom.card import Card
from embedlab.lessons.classroom.dashboard import dashboard
from embedlab.lessons.classroom.summary import summarize
from embedlab.lessons.grading.check import all_items

HERE = Path(__file__).parent
NAMES = ("chromium", "chromium-browser", "google-chrome")


def lookup(page: Page) -> None:
    """The second word is being pointed at, and one number of its output."""
    page.locator('[data-place="out:1:1"]').hover()


def lookup_predict(page: Page) -> None:
    """Three rows were marked, and the answer is shown."""
    page.locator('[data-place="top:predict"]').click()
    for row in (1, 5, 7):
        page.locator(".rowlabel").nth(row).click()
    page.locator('[data-place="predict:reveal"]').click()
    page.mouse.move(0, 0)


PICTURES: dict[str, tuple[str, dict[str, Any], Callable[[Page], None] | None]] = {
    "lookup": ("lookup", {}, lookup),
    "lookup-predict": ("lookup", {}, lookup_predict),
    "gradient": ("gradient", {}, None),
    "mask": ("mask", {}, None),
    "lora": ("lora", {}, None),
    "training": ("training", {}, None),
    "window": ("window", {"position": 13}, None),
    "quantize": ("quantize", {}, None),
    "shard": ("shard", {}, None),
    "geometry": ("geometry", {}, None),
}
"""Name of the picture -> the view, its parameters, and what is done in it before the photograph."""
DASHBOARD = "dashboard"
"""The one picture that is no view: the dashboard of a class, here of forty made-up cards."""


def made_up_room(path: Path) -> Path:
    """Write the dashboard of forty cards: half the answers are right, the rest are drawn by lot."""
    lot = random.Random(7)
    cards = []
    for number in range(40):
        answers = {}
        for name, question in all_items("QUESTIONS").items():
            if name.startswith("01" if number % 2 else "03"):
                letter = lot.choice([*question.choices, *question.correct * len(question.choices)])
                answers[name] = (letter, letter == question.correct)
        cards.append(Card(answers))
    path.write_text(dashboard(summarize(cards), {}), encoding="utf-8")
    return path


def main() -> None:
    """Export each view, act in it, and photograph it in both color schemes.

    With names of pictures as arguments, only those.
    """
    executable = os.environ.get("EMBEDLAB_CHROMIUM") or next(
        filter(None, map(shutil.which, NAMES)), None
    )
    if not executable:
        raise SystemExit("No Chromium. On Debian: apt-get install chromium.")
    names = sys.argv[1:] or [*PICTURES, DASHBOARD]
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=executable, args=["--no-sandbox", "--disable-gpu"]
        )
        for name in names:
            file, act, selector = Path(folder) / f"{name}.html", None, "main"
            if name == DASHBOARD:
                made_up_room(file)
            else:
                view, params, act = PICTURES[name]
                explorer_class(view)(**params).export_html(file)
                selector = ".embedlab"
            for scheme in ("light", "dark"):
                page = browser.new_page(
                    viewport={"width": 1100, "height": 900},
                    color_scheme=scheme,
                    reduced_motion="reduce",
                )
                page.goto(file.as_uri())
                page.locator(selector).wait_for()
                if act:
                    act(page)
                page.evaluate(
                    "() => new Promise(d => requestAnimationFrame(() => requestAnimationFrame(d)))"
                )
                # of the dashboard what is seen first, of a view all of it
                picture = page if name == DASHBOARD else page.locator(selector)
                picture.screenshot(path=HERE / f"{name}-{scheme}.png")
                page.close()
        browser.close()


if __name__ == "__main__":
    main()
