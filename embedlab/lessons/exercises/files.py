"""Lesson 11: the check of a file reader, and two questions."""

import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import h5py
import numpy as np

from embedlab.layers.embedding import Embedding
from embedlab.lessons.grading.describe import (
    describe_failure,
    describe_result,
    format_value,
    raised,
    shape_mismatch,
)
from embedlab.lessons.grading.grade import Diagnosis, grade_function
from embedlab.lessons.grading.sandbox import RunResult, run_untrusted
from embedlab.lessons.grading.verdict import Verdict
from embedlab.lessons.question import Choice, Question
from embedlab.models import Sequential

__all__ = ["CHECKS", "QUESTIONS"]

GROUP = "layers/embedding/"
"""Where a model of one embedding keeps its arrays in a file."""


class Case(NamedTuple):
    """A file, its arrays, and the table that its layer computes with."""

    path: Path
    content: bytes
    arrays: dict[str, np.ndarray]
    expected: np.ndarray
    scale: float


def _layers() -> list[Embedding]:
    """Return layers, smallest first: the first whose file is misread is shown.

    A square table takes a scale along the wrong axis without an error; rows of zeros have codes
    of zero.
    """
    rng = np.random.default_rng(11)
    layers = []
    for shape, kind, adapter in [
        ((1, 2), None, None),
        ((3, 2), None, None),
        ((3, 2), None, "active"),
        ((3, 2), None, "merged"),
        ((2, 3), "int8", None),
        ((2, 2), "int8", None),
        ((2, 3), "int8", "merged"),
        ((40, 8), None, "active"),
        ((40, 8), "int8", None),
    ]:
        table = rng.normal(size=shape).round(2).astype(np.float32)
        table[len(table) // 2 :: 7] *= 0 if shape == (40, 8) else 1
        layer = Embedding(*shape, weights=table)
        if kind:
            layer.quantize(kind)
        if adapter:
            layer.enable_lora(1, lora_alpha=4.0)
            a, b = layer.adapters["default"].a, layer.adapters["default"].b
            a.assign(rng.normal(size=a.shape).round(1))
            b.assign(rng.normal(size=b.shape).round(1))
        if adapter == "merged":
            layer.merge()
        layers.append(layer)
    return layers


def _case(layer: Embedding, path: Path) -> Case:
    model = Sequential([layer])
    model.build((None, 1))
    model.save_weights(path)
    with h5py.File(path) as file:
        names: list[str] = []
        file.visit(names.append)
        arrays = {n: file[n][()] for n in names if isinstance(file[n], h5py.Dataset)}
    scale = max((a.alpha / a.rank for a in layer.adapters.values()), default=0.0)
    return Case(path, path.read_bytes(), arrays, np.asarray(layer.embeddings), scale)


@cache
def _cases() -> tuple[Case, ...]:
    """Return the files; they are written once, because writing is slow."""
    with tempfile.TemporaryDirectory() as folder:
        return tuple(
            _case(layer, Path(folder) / f"{n}.weights.h5") for n, layer in enumerate(_layers())
        )


def check_read(exercise: str, function: Any) -> Verdict:
    """Check `read_table(path)`: the float table of any ``.weights.h5`` file of one embedding."""
    with tempfile.TemporaryDirectory() as folder:
        cases = [case._replace(path=Path(folder) / case.path.name) for case in _cases()]
        return grade_function(
            exercise,
            function,
            cases,
            run=_run,
            diagnose=_diagnose,
            ends="return table",
            describe=lambda case, done: {
                "the file holds": "\n".join(
                    f"{name.removeprefix(GROUP):15}  {_say(array)}"
                    for name, array in case.arrays.items()
                    if not name.endswith("about")
                ),
                "expected": _say(case.expected),
                "returned": describe_result(done)
                if done.error or done.endless
                else _say(done.value),
            },
            right=lambda message: Verdict(
                exercise,
                True,
                f"{message}. Floats, adapters and codes: each table is the one its layer computes "
                "with.",
            ),
        )


def _say(value: Any) -> str:
    """Format a value with its floats rounded, so that it can be compared by eye."""
    if isinstance(value, np.ndarray) and value.dtype.kind == "f" and value.size <= 12:
        return f"{value.dtype} {value.shape}  {value.astype(np.float64).round(3).tolist()}"
    return format_value(value)


def _run(function: Callable[..., Any], case: Case) -> RunResult:
    case.path.write_bytes(case.content)
    done = run_untrusted(lambda: function(str(case.path)))
    if case.path.is_file() and case.path.read_bytes() == case.content:
        return done
    return RunResult(done.value, done.error, done.endless, changed=(0,))


def _diagnose(case: Case, done: RunResult) -> Diagnosis | None:
    """Return what is wrong in one case, or None."""
    if done.changed:
        return Diagnosis(
            'Your function changes the file. Open it for reading: `h5py.File(path, "r")`.'
        )
    message = describe_failure(done, ())
    if message:
        return Diagnosis(message)
    coded = case.arrays[GROUP + "vars/0"].dtype == np.int8
    if done.error is not None:
        return _of_error(done, coded)
    if isinstance(done.value, h5py.Dataset):
        return Diagnosis(
            "This is an h5py Dataset, which cannot be read after the file is closed. "
            "`[:]` reads it into an array."
        )
    message = shape_mismatch(done.value, case.expected)
    if message:
        return Diagnosis(f"{message} A table has V rows of D numbers.")
    value = np.asarray(done.value, np.float64) if done.value.dtype.kind in "fiu" else None
    if value is not None and np.allclose(value, case.expected, rtol=1e-4, atol=1e-6):
        return None
    return _diagnose_codes(case, value) if coded else _of_adapter(case, value)


def _of_error(done: RunResult, coded: bool) -> Diagnosis:
    message = str(done.error)
    if isinstance(done.error, KeyError) and not coded and "'1'" in message:
        message = "Your function reads `vars/1`, which a file of floats does not have. "
        return Diagnosis(message + 'Test `"1" in group` first.')
    if isinstance(done.error, ValueError) and coded and "broadcast" in message:
        message = "The codes have shape (V, D) and the scale has shape (V,). "
        return Diagnosis(f"{message}`scale[:, None]` makes it a column. {raised(done)}")
    if "dentifier" in message or "Not a data" in message:
        message = "It reads an array after its file was closed. Inside the `with` block, `[:]` "
        return Diagnosis(f"{message}copies the array out of the file. {raised(done)}")
    return Diagnosis(f"The file is valid. {raised(done)}")


def _diagnose_codes(case: Case, value: np.ndarray | None) -> Diagnosis:
    codes = case.arrays[GROUP + "vars/0"].astype(np.float64)
    scale = case.arrays[GROUP + "vars/1"].astype(np.float64).reshape(-1, 1)
    if value is not None:
        whole = np.trunc(codes / scale)
        if np.allclose(value, whole) and not np.allclose(value, codes):
            return Diagnosis(
                "The digits after the point are lost: the quotients were written into an array of "
                "integers. Make a new array: `codes / scale[:, None]`."
            )
        if np.allclose(value, np.floor(codes / scale)):
            return Diagnosis(
                "`//` rounds down to whole numbers. Use `/`: `codes / scale[:, None]`."
            )
        if np.allclose(value, codes):
            return Diagnosis(
                "These are the integer codes. The weights are codes / scale.", related="M17"
            )
        if np.allclose(value, codes * scale):
            return Diagnosis(
                "It multiplies by the scale. Here 1 / scale is the step, so the weights "
                "are codes / scale."
            )
        if len(codes) == codes.shape[1] and np.allclose(value, codes / scale.T):
            return Diagnosis(
                "It divides column j by scale j. Each row has its own scale: "
                "`scale[:, None]` is a column."
            )
        if case.scale and np.allclose(value, codes / scale + _step(case), atol=1e-3):
            return _twice("already merged into the codes")
    return Diagnosis("These are not the weights codes / scale.", related="M17")


def _of_adapter(case: Case, value: np.ndarray | None) -> Diagnosis:
    table = case.arrays[GROUP + "vars/0"]
    base = case.arrays.get(GROUP + "embedlab/base.0")
    if value is not None:
        if case.scale and np.allclose(value, table + _step(case), atol=1e-4):
            return _twice("already in `vars/0`")
        if base is not None and np.allclose(value, base):
            return Diagnosis(
                "This is the table without its adapter, kept to continue training. The "
                "layer computes with `vars/0`."
            )
        if base is not None and np.allclose(value, base + _step(case) / case.scale):
            return Diagnosis(
                "It adds A · B without its scale. Nothing has to be added: `vars/0` is "
                "already the merged table.",
                related="M15",
            )
        if base is not None and np.allclose(value, table + _step(case) / case.scale, atol=1e-4):
            return _twice("already in `vars/0`")
    return Diagnosis(
        "These are not the weights that the layer computes with. Which arrays did you use?"
    )


def _twice(where: str) -> Diagnosis:
    return Diagnosis(
        f"It adds the adapter a second time: α/r · A · B is {where}. After a merge "
        "nobody needs A, B or alpha.",
        "M15",
    )


def _step(case: Case) -> np.ndarray:
    """Return what the adapter adds: alpha / r · A · B."""
    merged = GROUP + "embedlab/merged.a.0" in case.arrays
    group = GROUP + ("embedlab/merged." if merged else "embedlab/")
    return np.asarray(case.scale * (case.arrays[group + "a.0"] @ case.arrays[group + "b.0"]))


CHECKS: dict[str, Callable[[str, Any], Verdict]] = {"read": check_read}

QUESTIONS: dict[str, Question] = {
    "predict": Question(
        "A table was tuned with an adapter of rank 4 and alpha 8. You merge it, and a colleague "
        "reads your file with Keras. What must she know besides the table in the file?",
        correct="d",
        delayed_feedback=True,
        choices={
            "a": Choice(
                "A, B and alpha.", "The table in the file is W + α/r · A · B already.", "M15"
            ),
            "b": Choice(
                "Alpha: the table must be multiplied by alpha / r.",
                "The scale was used when A · B was added. It must not be used twice.",
                "M15",
            ),
            "c": Choice(
                "Nothing at all: the file also says which word has which row.",
                "The file holds rows by number, and not one word.",
                "M16",
            ),
            "d": Choice(
                "Only which word has which row.",
                "The merged table is complete. The words are not in it.",
            ),
        },
    ),
    "exit": Question(
        "A table was merged with its adapter, stored as int8 and saved. Which sentence about the "
        "file is true?",
        correct="b",
        choices={
            "a": Choice(
                "Whoever reads it needs A, B and alpha to get the right rows.",
                "The codes are those of the merged table. Nothing has to be added.",
                "M15",
            ),
            "b": Choice(
                "Its codes and scales give exactly the rows that the layer computes with.",
                "The layer itself computes codes / scale, row by row.",
            ),
            "c": Choice(
                "Divided by the scales, the codes give back the floats from before int8.",
                "They give the nearest quantization levels. The exact weights are gone.",
                "M17",
            ),
            "d": Choice(
                "With another vocabulary, each word still reads its own row.",
                "It reads the row of its new number, which was another word's.",
                "M16",
            ),
        },
    ),
}
