"""Rehearse a release in a copy of the repository: everything but the tag and the upload.

    python release/rehearse.py [VERSION [PYTHON ...]]

Sdist, wheel and conda recipe go to dist/. The wheel, built from the sdist, is installed into a
clean environment of each Python, where every command and lesson 01 run. A table
lists the outcomes.
"""

import argparse
import datetime
import hashlib
import os
import re
import subprocess
import sys
import tarfile
import tempfile
import tomllib
import zipfile
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
ADDRESS = "https://github.com/embedlab/embedlab"
CONDA_NAMES = {"matplotlib": "matplotlib-base"}
UNWANTED = (
    r"\.ipynb_checkpoints|__pycache__|node_modules|/build\.py|/source/|/instructor/|(^|/)tests/"
)
COMMANDS = {
    "embedlab doctor": ("-m", "embedlab", "doctor"),
    "embedlab warm": ("-m", "embedlab", "warm", "--quiet"),
    "embedlab export": ("-m", "embedlab", "export", "lookup", "-o", "lookup.html"),
    "embedlab pack": ("-m", "embedlab", "pack", "pages", "01"),
    "embedlab slides": ("-m", "embedlab", "slides", "slides.html", "01"),
    "embedlab link": (
        "-m",
        "embedlab",
        "link",
        "--remote",
        ADDRESS,
        "--ref",
        "v1",
        "--lesson",
        "01",
    ),
    "embedlab dashboard": ("-m", "embedlab", "dashboard", "card.json"),
    "embedlab collect": ("-m", "embedlab", "collect", "--port", "0"),
    "embedlab lab": ("-m", "embedlab", "lab", "--no-browser", "--", "--version"),
}
SERVERS = {"embedlab collect"}  # run until they are stopped
LONGEST = 1800  # seconds: compiling every kernel takes minutes
CARD = "from embedlab.lessons import card; card().save('card.json')"


class RehearsalError(Exception):
    """The failure of one step."""


def main() -> int:
    """Rehearse and print the table; 0 when nothing failed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("version", nargs="?", default="1.0.0")
    parser.add_argument("pythons", nargs="*", default=[sys.executable])
    args = parser.parse_args()
    table: dict[str, dict[str, str]] = {}
    with tempfile.TemporaryDirectory(
        prefix="embedlab-release-", ignore_cleanup_errors=True
    ) as folder:
        place = Path(folder)
        source, dist = place / "repository", ROOT / "dist"

        def step(name: str, column: str, run: Callable[[], str]) -> bool:
            try:
                outcome, ok = run(), True
            except RehearsalError as error:
                outcome, ok = f"FAILED: {error}", False
            print(f"{column}: {name}: {outcome}", flush=True)
            table.setdefault(name, {})[column] = outcome.partition("\n")[0]
            return ok

        once: dict[str, Callable[[], str]] = {
            "tag": lambda: check_tag(args.version),
            "changelog": lambda: copy(source, args.version),
            "build": lambda: build(source, dist),
            "twine check": lambda: run(
                [
                    sys.executable,
                    "-m",
                    "twine",
                    "check",
                    "--strict",
                    *sorted(map(str, dist.glob("embedlab-*"))),
                ]
            ),
            "contents": lambda: contents(dist),
            "conda recipe": lambda: write_recipe(dist, args.version),
        }
        good = all(step(name, "any", what) for name, what in once.items())
        for number, python in enumerate(args.pythons if good else []):
            good &= in_clean_environment(python, place / str(number), dist, step)
    columns = list(dict.fromkeys(column for row in table.values() for column in row))
    print("\n| step | " + " | ".join(columns) + " |\n|---|" + "---|" * len(columns))
    for name, row in table.items():
        print(f"| {name} | " + " | ".join(row.get(column, "") for column in columns) + " |")
    if good:
        print(
            f'\nTo release for real: commit `__version__ = "{args.version}"` and the heading of '
            f"the changelog, run this again, then `git tag v{args.version}` and upload dist/."
        )
    return int(not good)


def run(command: list[str], *, stop_after_a_line: bool = False, **options: object) -> str:
    """Run a command; its last line, or a failure with its last lines."""
    env = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "VIRTUAL_ENV")}
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=env, **options
    )
    first, good = "", {0}
    if stop_after_a_line and process.stdout:
        first = process.stdout.readline()
        if not first.startswith(("embedlab ", "usage:", "Traceback")):  # no error
            process.terminate()
            good.add(1 if os.name == "nt" else -15)
    try:
        output = first + process.communicate(timeout=LONGEST)[0]
    except subprocess.TimeoutExpired:
        process.kill()
        raise RehearsalError(f"not done after {LONGEST // 60} minutes") from None
    if process.returncode not in good:
        raise RehearsalError(f"code {process.returncode}: {' / '.join(output.splitlines()[-6:])}")
    return "passed"


def check_tag(version: str) -> str:
    """Refuse a version whose tag is there, or that is none."""
    if not re.fullmatch(r"\d+\.\d+\.\d+((a|b|rc)\d+)?", version):
        raise RehearsalError(f"a version is three numbers, as 1.0.0. Received {version}.")
    tags = subprocess.run(["git", "tag"], cwd=ROOT, capture_output=True, text=True).stdout.split()
    if f"v{version}" in tags:
        raise RehearsalError(f"v{version} is tagged already. Choose the next version.")
    return f"v{version} is free"


def copy(source: Path, version: str) -> str:
    """Copy what git knows, as the commit of this version would have it."""
    files = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    for name in filter(None, files.stdout.split("\0")):
        target = source / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if (ROOT / name).is_file():  # not deleted since the last commit
            target.write_bytes((ROOT / name).read_bytes())
    module, changelog = source / "embedlab" / "__init__.py", source / "CHANGELOG.md"
    text = module.read_text("utf-8")
    module.write_text(
        re.sub(r'(?m)^__version__ = ".*"$', f'__version__ = "{version}"', text), "utf-8"
    )
    text = changelog.read_text("utf-8")
    today = datetime.date.today()
    text = re.sub(r"(?m)^## Unreleased$", f"## {version} ({today})", text, count=1)
    section = re.search(rf"(?ms)^## {re.escape(version)}\b.*?\n(.*?)(^## |\Z)", text)
    entries = re.findall(r"(?m)^- ", section[1]) if section else []
    if not entries:
        raise RehearsalError(f"CHANGELOG.md must have entries under Unreleased or {version}.")
    changelog.write_text(text, "utf-8")
    return f"{len(entries)} entries"


def build(source: Path, dist: Path) -> str:
    """Build the sdist, and the wheel from it."""
    for old in dist.glob("embedlab-*"):
        old.unlink()
    return run([sys.executable, "-m", "build", "--outdir", str(dist), str(source)])


def contents(dist: Path) -> str:
    """Count the files of wheel and sdist, and refuse those that nobody needs."""
    (wheel,), (sdist,) = dist.glob("*.whl"), dist.glob("*.tar.gz")
    in_wheel = zipfile.ZipFile(wheel).namelist()
    unwanted = [name for name in in_wheel if re.search(UNWANTED, name)]
    if unwanted:
        raise RehearsalError(f"the wheel needs no {', '.join(unwanted[:5])}")
    for needed in (
        "embedlab/py.typed",
        "embedlab/__init__.pyi",
        "embedlab/explorers/static/lookup.js",
        "embedlab/lessons/notebooks/solutions/01_lookup.ipynb",
    ):
        if needed not in in_wheel:
            raise RehearsalError(f"the wheel needs {needed}")
    with tarfile.open(sdist) as archive:
        in_sdist = archive.getnames()
    return (
        f"wheel {len(in_wheel)} files, {wheel.stat().st_size // 1000} kB; "
        f"sdist {len(in_sdist)} files, {sdist.stat().st_size // 1000} kB"
    )


def recipe(version: str, sha256: str) -> str:
    """Return the conda recipe of this version."""
    config = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    project = config["project"]

    def listed(requirements: list[str]) -> str:
        pairs = (re.match(r"([\w-]+)([^;]*)", text) for text in requirements)
        lines = [f"    - {CONDA_NAMES.get(m[1], m[1])} {m[2]}".rstrip() for m in pairs if m]
        return "\n".join(lines)

    words = {
        "{version}": version,
        "{sha256}": sha256,
        "{python}": project["requires-python"],
        "{host}": listed(config["build-system"]["requires"]),
        "{run}": listed(project["dependencies"]),
    }
    text = (ROOT / "release" / "recipe.yaml").read_text("utf-8")
    return re.sub("|".join(words), lambda word: words[word[0]], text)


def write_recipe(dist: Path, version: str) -> str:
    """Write the conda recipe beside the sdist."""
    (sdist,) = dist.glob("*.tar.gz")
    sha256 = hashlib.sha256(sdist.read_bytes()).hexdigest()
    (dist / "recipe.yaml").write_text(recipe(version, sha256), "utf-8")
    return "dist/recipe.yaml"


def in_clean_environment(
    python: str, place: Path, dist: Path, step: Callable[[str, str, Callable[[], str]], bool]
) -> bool:
    """Install the wheel into an environment of this Python, and run everything from it."""
    place.mkdir()
    ask = [python, "-c", "import platform; print('Python', platform.python_version())"]
    try:
        column = subprocess.run(ask, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return step("install", python, lambda: "not on this machine")
    (wheel,) = dist.glob("*.whl")
    clean = place / "venv" / ("Scripts" if os.name == "nt" else "bin") / "python"
    lesson = (
        "from embedlab.lessons.notebook_files import find_notebook; "
        "print(find_notebook('01', solution=True))"
    )

    def install() -> str:
        run([python, "-m", "venv", str(place / "venv")])
        pip = [str(clean), "-m", "pip", "--disable-pip-version-check"]
        run([*pip, "install", "--quiet", f"{wheel}[lab]"])
        run([*pip, "check"])
        return run([str(clean), "-c", CARD], cwd=place)

    def lesson_01() -> str:
        notebook = subprocess.run(
            [clean, "-c", lesson], capture_output=True, text=True
        ).stdout.strip()
        words = ["--execute", "--to", "html", "--output-dir", str(place), notebook]
        return run([str(clean), "-m", "jupyter", "nbconvert", *words], cwd=place)

    def types() -> str:
        code = ROOT / "tests" / "explorers" / "user_types.py"
        words = ["--warn-unused-ignores", "--config-file=", "--python-executable", str(clean)]
        return run([sys.executable, "-m", "mypy", *words, str(code)], cwd=place)

    good = step("install", column, install)
    if not good:
        return False
    for name, words in COMMANDS.items():
        server = name in SERVERS
        good &= step(
            name,
            column,
            lambda words=words, server=server: run(  # type: ignore[misc]
                [str(clean), *words], stop_after_a_line=server, cwd=place
            ),
        )
    good &= step("lesson 01", column, lesson_01)
    return step("mypy of a user's code", column, types) and good


if __name__ == "__main__":
    sys.exit(main())
