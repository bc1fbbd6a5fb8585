"""The steps of Binder, for real: a fresh environment, requirements, postBuild, start, a lesson."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.slow


class Image:
    """A copy of the tracked files with an environment of its own, as in Binder's image."""

    def __init__(self, folder):
        self.repository = folder / "repository"
        self.environment = folder / "environment"
        named = subprocess.run(
            ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True
        )
        for name in filter(None, named.stdout.split("\0")):
            if (ROOT / name).is_file():
                (self.repository / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(ROOT / name, self.repository / name)
        # nothing of the surrounding environment may leak in
        self.env = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("NUMBA_", "PYTHON", "VIRTUAL_ENV", "JUPYTER_"))
        }
        self.env["PATH"] = f"{self.environment / 'bin'}{os.pathsep}{os.environ['PATH']}"
        self.env["HOME"] = str(folder / "home")
        Path(self.env["HOME"]).mkdir()

    def run(self, *command, cwd=None):
        process = subprocess.run(
            command, cwd=cwd or self.repository, env=self.env, capture_output=True, text=True
        )
        assert process.returncode == 0, (
            f"{command}\n{process.stdout[-3000:]}\n{process.stderr[-3000:]}"
        )
        return process.stdout


@pytest.fixture(scope="module")
def image(tmp_path_factory):
    container = Image(tmp_path_factory.mktemp("image"))
    container.run(sys.executable, "-m", "venv", str(container.environment))
    container.run("pip", "install", "--quiet", "--no-cache-dir", "-r", "binder/requirements.txt")
    container.build_log = container.run("bash", "binder/postBuild")
    return container


def test_post_build_compiles_ahead_and_the_doctor_is_content(image):
    assert "kernels compiled, 0 read from the cache." in image.build_log
    assert image.build_log.rstrip().endswith("All green.")


def test_the_pins_are_complete(image):
    image.run("pip", "check")


def test_start_hands_over_words_and_exit_code(image):
    output = image.run("bash", "binder/start", "python", "-c", "import sys; print(sys.argv)", "a b")
    assert output == "['-c', 'a b']\n"
    code = subprocess.run(["bash", "binder/start", "sh", "-c", "exit 7"], cwd=image.repository)
    assert code.returncode == 7


def test_lesson_01_runs_without_compiling_anything(image, tmp_path):
    """Run it as Binder's learner would, and ask its kernel at the end what it compiled."""
    lesson = next((image.repository / "notebooks").glob("01_*.ipynb"))
    notebook = json.loads(lesson.read_text("utf-8"))
    ask = "from embedlab.core.jit import cache_stats; print('kernels:', cache_stats())"
    notebook["cells"].append(
        {
            "cell_type": "code",
            "id": "ask",
            "metadata": {},
            "execution_count": None,
            "outputs": [],
            "source": ask,
        }
    )
    copy = lesson.with_name("asked.ipynb")
    copy.write_text(json.dumps(notebook), "utf-8")
    image.run(
        "bash", "binder/start", "jupyter", "execute", "--allow-errors", "--inplace", str(copy)
    )
    cells = json.loads(copy.read_text("utf-8"))["cells"]
    output = "".join(cells[-1]["outputs"][0]["text"])
    assert "'misses': 0" in output
    assert "'hits': 0" not in output, "the lesson used no kernel: then this test shows nothing"
