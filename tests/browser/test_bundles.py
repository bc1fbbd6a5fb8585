"""The committed bundles equal a build of the sources, and are small enough for every view."""

import gzip
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
STATIC = ROOT / "embedlab" / "explorers" / "static"
JS = ROOT / "js"


def test_the_bundles_are_what_the_sources_give():
    if not (shutil.which("node") and (JS / "node_modules" / "esbuild").exists()):
        message = "no Node, or no packages: run `npm ci` in js"
        pytest.fail(message) if os.environ.get("CI") else pytest.skip(message)
    process = subprocess.run(
        ["node", "build.js", "--check"], cwd=JS, capture_output=True, text=True, check=False
    )
    assert process.returncode == 0, process.stdout + process.stderr


@pytest.mark.parametrize("path", sorted(STATIC.glob("*.js")), ids=lambda path: path.name)
def test_a_bundle_is_small_and_requests_nothing(path):
    text = path.read_bytes()
    assert len(text) <= 100_000
    assert len(gzip.compress(text, 9)) <= (38_000 if path.name == "geometry.js" else 34_000)
    addresses = set(re.findall(rb"https?://[\w./-]+", text + path.with_suffix(".css").read_bytes()))
    assert addresses <= {b"http://www.w3.org/2000/svg", b"http://www.w3.org/1998/Math/MathML"}


def test_the_lock_file_names_no_index():
    assert "resolved" not in (JS / "package-lock.json").read_text(encoding="utf-8")
