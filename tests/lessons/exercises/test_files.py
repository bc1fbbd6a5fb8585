"""The checker of lesson 11: right is right, each misreading of a file has its name."""

import os

import h5py
import numpy as np
import pytest

from embedlab.layers import Embedding
from embedlab.lessons import check, show
from embedlab.lessons.exercises.files import GROUP, _cases
from embedlab.models import Sequential


def read(path, scale=lambda codes, s: codes / s[:, None]):
    with h5py.File(path) as file:
        group = file["layers/embedding/vars"]
        table = group["0"][:]
        return scale(table, group["1"][:]) if "1" in group else table


def by_the_library(path):
    with h5py.File(path) as file:
        shape, coded = file[GROUP + "vars/0"].shape, "1" in file[GROUP + "vars"]
    layer = Embedding(*shape)
    layer.build()
    if coded:
        layer.quantize("int8")
    model = Sequential([layer])
    model.build((None, 1))
    model.load_weights(path)
    return np.asarray(layer.embeddings)


def adapter(path, add):
    table = read(path)
    with h5py.File(path) as file:
        stored = file[GROUP].get("embedlab", {})
        if "a.0" in stored:  # it stays there after a merge
            table = add(table, stored["a.0"][:] @ stored["b.0"][:], stored)
    return table


@pytest.mark.parametrize("right", [read, by_the_library], ids=lambda f: f.__name__)
def test_right_ways_pass(right):
    verdict = check("11.read", right)
    assert verdict and "9 of 9 cases" in verdict.message, verdict


def test_m15_an_adapter_that_is_added_again():
    verdict = check("11.read", lambda p: adapter(p, lambda t, ab, g: t + 4 * ab))
    assert not verdict and verdict.misconception == "M15" and "a second time" in verdict.message
    assert "embedlab/base.0" in verdict.case["the file holds"]


def test_an_adapter_that_is_added_without_its_scale():
    def parts(table, ab, stored):
        return stored["base.0"][:] + ab if "base.0" in stored else table

    verdict = check("11.read", lambda p: adapter(p, parts))
    assert verdict.misconception is None and "without its scale" in verdict.message
    assert verdict.related == "M15"


def test_m15_codes_with_an_adapter_merged_into_them():
    def again(path):
        with h5py.File(path) as file:
            coded = "1" in file[GROUP + "vars"]
        return adapter(path, lambda t, ab, g: t + 4 * ab) if coded else read(path)

    verdict = check("11.read", again)
    assert verdict.misconception == "M15" and "merged into the codes" in verdict.message


def without(path):
    with h5py.File(path) as file:
        group = file["layers/embedding"]
        return group["embedlab/base.0"][:] if "embedlab/base.0" in group else read(path)


def opens(path, mode="r"):
    with h5py.File(path, mode) as file:
        file.attrs["mine"] = 1
    return read(path)


def closed(path):
    with h5py.File(path) as file:
        return file[GROUP + "vars/0"]


def always_codes(path):
    with h5py.File(path) as file:
        return file[GROUP + "vars/0"][:] / file[GROUP + "vars/1"][:][:, None]


def square(codes, scale):
    return codes / (scale if codes.shape[0] == codes.shape[1] else scale[:, None])


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (without, "the table without its adapter"),
        (closed, "`[:]` reads it into an array"),
        (always_codes, "reads `vars/1`, which a file of floats does not have"),
        (lambda path: opens(path, "a"), "Your function changes the file."),
        (lambda path: read(path, lambda codes, s: codes), "These are the integer codes."),
        (lambda path: read(path, lambda codes, s: codes * s[:, None]), "It multiplies by the"),
        (lambda path: read(path, lambda codes, s: codes / s), "`scale[:, None]` makes it a column"),
        (lambda path: read(path, square), "It divides column j by scale j"),
        (
            lambda path: read(path, lambda codes, s: codes / s[:, None] + 1),
            "not the weights codes / scale",
        ),
        (lambda path: read(path) + 1, "These are not the weights that the layer"),
        (lambda path: read(path).T, "V rows of D numbers"),
        (lambda path: read(path).tolist(), "returned list."),
        (lambda path: read(path).astype("U9"), "These are not the weights"),
        (lambda path: exit(), "The file is valid. Your function raised SystemExit"),
        (lambda: 0, "Your function raised TypeError"),
        (3, "without parentheses"),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_a_misreading_gets_a_sentence(wrong, message):
    verdict = check("11.read", wrong)
    assert not verdict and message in " ".join(repr(verdict).split()), verdict
    assert verdict.misconception is None
    assert max(map(len, repr(verdict).split("\n"))) < 140


def removes(path):
    table = read(path)
    os.remove(path)
    return table


def test_a_missing_file_breaks_nothing():
    assert "Your function changes the file" in check("11.read", removes).message


@pytest.mark.parametrize("submission", [lambda path: None, lambda path: ...])
def test_an_untouched_stub_is_not_yet(submission):
    verdict = check("11.read", submission)
    assert not verdict and not verdict.attempted


def test_the_files_hold_what_the_lesson_says():
    cases = _cases()
    names = [{name.removeprefix(GROUP) for name in case.arrays} for case in cases]
    assert names[0] == {"vars/0"} and names[4] == {"vars/0", "vars/1"}
    assert names[2] == {"vars/0"} | {f"embedlab/{n}" for n in ("about", "a.0", "b.0", "base.0")}
    active = cases[2]
    step = 4 * active.arrays[GROUP + "embedlab/a.0"] @ active.arrays[GROUP + "embedlab/b.0"]
    base = active.arrays[GROUP + "embedlab/base.0"]
    np.testing.assert_allclose(active.arrays[GROUP + "vars/0"], base + step, rtol=1e-6)
    np.testing.assert_array_equal(active.arrays[GROUP + "vars/0"], active.expected)


# --- the beliefs --------------------------------------------------------------------------------


def test_m16_other_word_order_reads_other_rows():
    explorer = show("M16")
    first = dict(zip(explorer.trace.tokens, explorer.trace.output.tolist(), strict=True))
    explorer.text = "apple zebra"
    other = dict(zip(explorer.trace.tokens, explorer.trace.output.tolist(), strict=True))
    assert explorer.trace.error is None
    assert other["apple"] == first["zebra"] and other["zebra"] == first["apple"]


def test_m17_the_floats_are_not_in_the_codes():
    trace = show("M17").trace
    assert trace.schemes["int8"].codes.dtype.itemsize == 1
    assert trace.schemes["int8"].largest_error[0] > 0
