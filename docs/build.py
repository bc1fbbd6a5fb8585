"""Build the site: `python docs/build.py`, or `make site`.

The sources are gathered in docs/_build/source: the pages of this folder, the lessons, the teachers'
pages and the glossary from notebooks/, the benchmarks, and what is made from the package (gallery
and API reference). Sphinx makes docs/_build/site of them. Nothing needs a network.
"""

import argparse
import shutil
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from api_pages import write_api
from lesson_pages import write_lessons
from sphinx.cmd.build import main as sphinx
from view_pages import write_gallery

from embedlab.cli.slides import slides

DOCS = Path(__file__).resolve().parent
ROOT = DOCS.parent


def gather(source: Path, site: Path, lessons_to_run: list[str] | None = None) -> None:
    """Write all sources into `source`, and what is copied as it is into `site`."""
    own = shutil.ignore_patterns("_build", "*.py", "__pycache__")
    shutil.copytree(DOCS, source, ignore=own)
    shutil.copy(DOCS / "conf.py", source)
    shutil.copy(ROOT / "notebooks" / "glossary.md", source / "lessons")
    shutil.copy(ROOT / "benchmarks" / "README.md", source / "guides" / "benchmarks.md")
    with ThreadPoolExecutor(1) as beside:  # the lessons run in processes of their own
        folders = source / "lessons", source.parent / "executed", site
        lessons = beside.submit(write_lessons, *folders, lessons_to_run)
        write_gallery(source, site)
        (site / "slides.html").write_text(slides(), encoding="utf-8")
        lessons.result()
    shutil.copytree(ROOT / "notebooks" / "instructor", source / "teachers", dirs_exist_ok=True)
    write_api(source / "api")


def main() -> int:
    """Build, and say where the site is."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("folder", nargs="?", type=Path, default=DOCS / "_build")
    parser.add_argument(
        "--only", nargs="+", metavar="01", help="run these lessons, leave the others as written"
    )
    args = parser.parse_args()
    folder = args.folder.resolve()
    source, copied, site = folder / "source", folder / "source" / "_copied", folder / "site"
    shutil.rmtree(source, ignore_errors=True)
    shutil.rmtree(site, ignore_errors=True)
    gather(source, copied, args.only)
    options = ["-b", "html", "-W", "--keep-going", "-q", "-j", "2", "-d", str(folder / "trees")]
    failed = sphinx([*options, str(source), str(site)])
    if not failed:
        print(f"The site is built. Open {site / 'index.html'}")
    return failed


if __name__ == "__main__":
    sys.exit(main())
