"""embedlab.keras inside real Keras models: one process for each backend, as Keras chooses once."""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
FORWARD, TRAINING = HERE / "keras_backend_forward.py", HERE / "keras_backend_training.py"
CHECKS = {
    "numpy": [FORWARD],  # Keras has no gradients there
    "torch": [FORWARD, TRAINING],
    "jax": [FORWARD, TRAINING],
    "tensorflow": [FORWARD, TRAINING],
}
PYTEST = ["-q", "--tb=short", "-p", "no:cacheprovider"]


def installed(name):
    return name == "numpy" or importlib.util.find_spec(name) is not None


@pytest.mark.slow
def test_layer_agrees_with_keras_on_torch(run_on_torch):
    code = """
import contextlib, io, pytest
with contextlib.redirect_stdout(io.StringIO()) as said:
    code = pytest.main(arguments)
assert code == 0 and "skipped" not in said.getvalue(), said.getvalue()
"""
    run_on_torch(code, arguments=[*PYTEST, *map(str, CHECKS["torch"])])


@pytest.mark.slow
@pytest.mark.parametrize(
    "backend",
    [
        # JAX compiles for a minute, and NumPy has no gradients: what the others already show.
        pytest.param("numpy", marks=pytest.mark.thorough),
        pytest.param("jax", marks=pytest.mark.thorough),
        "tensorflow",
    ],
)
def test_layer_agrees_with_keras_on_backend(backend):
    for needed in ("keras", backend):
        # TensorFlow is no part of the extra `keras`: its checks run where somebody has it.
        if not installed(needed) and (not os.environ.get("CI") or needed == "tensorflow"):
            pytest.skip(f"{needed} is not installed")
    # CI: what a backend lacks fails there, and is not skipped. JAX compiles hundreds of small
    # functions here, each once: it should not polish them.
    environment = {
        **os.environ,
        "KERAS_BACKEND": backend,
        "CI": "1",
        "TF_CPP_MIN_LOG_LEVEL": "3",
        "JAX_DISABLE_MOST_OPTIMIZATIONS": "1",
    }
    run = subprocess.run(
        [sys.executable, "-m", "pytest", *PYTEST, *CHECKS[backend]],
        env=environment,
        cwd=HERE.parents[1],
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, f"on {backend}:\n{run.stdout}\n{run.stderr}"
    assert backend == "tensorflow" or "skipped" not in run.stdout, run.stdout


def test_importing_embedlab_does_not_import_keras():
    code = "import sys, embedlab; embedlab.Embedding(3, 2); print('keras' in sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "False"


def test_without_keras_the_error_says_what_to_install():
    code = "import sys; sys.modules['keras'] = None; import embedlab.keras"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert run.returncode and "pip install 'embedlab[keras]'" in run.stderr, run.stderr


def test_the_lines_of_the_readme_run(run_on_torch):
    text = (HERE.parents[1] / "README.md").read_text(encoding="utf-8")
    part = text.split("## In a real Keras model\n")[1].split("\n## ")[0]
    lines = part.split("```python\n")[1].split("```")[0]
    assert lines.index("KERAS_BACKEND") < lines.index("import keras")
    run_on_torch(
        lines + "import numpy as np\n"
        "assert model.predict(np.ones((3, 5), int), verbose=0).shape == (3, 64)\n"
        "from embedlab.core.jit import kernel_calls\n"
        "assert kernel_calls('lookup') > 0\n"
    )
