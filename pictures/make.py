"""Make the pictures of the README: the real views, in a real browser, light and dark.

Run `make pictures`. Needs Chromium; each view is exported to a file and opened without network.
"""

import os
import shutil
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, sync_playwright

from embedlab.explorers.named import explorer_of

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
    "quantize": ("quantize", {}, None),
    "geometry": ("geometry", {}, None),
}
"""Name of the picture -> the view, its parameters, and what is done in it before the photograph."""


def main() -> None:
    """Export each view, act in it, and photograph it in both colour schemes.

    With names of pictures as arguments, only those.
    """
    found = os.environ.get("EMBEDLAB_CHROMIUM") or next(
        filter(None, map(shutil.which, NAMES)), None
    )
    if not found:
        raise SystemExit("No Chromium. On Debian: apt-get install chromium.")
    wanted = sys.argv[1:] or list(PICTURES)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=found, args=["--no-sandbox", "--disable-gpu"]
        )
        for name in wanted:
            view, params, act = PICTURES[name]
            file = explorer_of(view)(**params).export_html(Path(folder) / f"{name}.html")
            for scheme in ("light", "dark"):
                page = browser.new_page(
                    viewport={"width": 1100, "height": 900}, color_scheme=scheme,
                    reduced_motion="reduce",
                )  # fmt: skip
                page.goto(file.as_uri())
                page.locator(".embedlab").wait_for()
                if act:
                    act(page)
                page.evaluate(
                    "() => new Promise(d => requestAnimationFrame(() => requestAnimationFrame(d)))"
                )
                page.locator(".embedlab").screenshot(path=HERE / f"{name}-{scheme}.png")
                page.close()
        browser.close()


if __name__ == "__main__":
    main()
