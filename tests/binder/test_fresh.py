"""The steps of Binder, for real: a fresh environment, requirements, postBuild, start, a lesson."""

import json
import os
import subprocess
from pathlib import Path

import pytest
from binder_image import Image

pytestmark = [pytest.mark.slow, pytest.mark.thorough]


@pytest.fixture(scope="module")
def image(tmp_path_factory):
    """Return the image that `make image` has built, or build one, whose failure is ours then."""
    built = os.environ.get("EMBEDLAB_IMAGE")
    container = Image(Path(built or tmp_path_factory.mktemp("image")))
    if not container.build_log.exists():
        container = Image(tmp_path_factory.mktemp("image"))
        container.build()
    return container


def test_post_build_compiles_ahead_and_the_doctor_is_content(image):
    log = image.build_log.read_text("utf-8")
    assert "kernels compiled, 0 read from the cache." in log
    assert log.rstrip().endswith("All green.")


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
