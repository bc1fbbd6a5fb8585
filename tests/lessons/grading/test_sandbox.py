"""A learner's function runs on copies, on a budget of steps, and leaves nothing behind."""

import sys
import textwrap

import numpy as np
import pytest

from embedlab.lessons import count_multiplications
from embedlab.lessons.grading.sandbox import run_untrusted


def test_what_it_gives_and_what_it_raises():
    result = run_untrusted(lambda a, b: a + b, np.arange(3), np.ones(3))
    assert result.value.tolist() == [1, 2, 3]
    assert result.error is None and not result.endless and result.changed == ()
    assert isinstance(run_untrusted(lambda a: 1 / 0, np.zeros(1)).error, ZeroDivisionError)


def test_the_caller_s_arrays_are_never_touched():
    table = np.array([1.0, np.nan])

    def spoil(a, b):
        b[:] = 0

    assert run_untrusted(spoil, table, table).changed == (1,)
    assert np.isnan(table[1])


def test_nan_is_no_change():
    assert run_untrusted(lambda a: a, np.array([np.nan])).changed == ()


@pytest.mark.parametrize(
    "source", ["while True: pass", "while True:\n    x = 1", "[x for x in iter(int, 1)]", "f(a)"]
)
def test_what_never_ends_is_stopped(source):
    body = source.replace("\n", "\n    ")
    scope: dict = {}
    exec(f"def f(a):\n    {body}", scope)
    assert run_untrusted(scope["f"], np.zeros(1)).endless


def test_steps_inside_a_library_do_not_count(monkeypatch):
    monkeypatch.setattr("embedlab.lessons.grading.sandbox.STEPS", 300)
    long = run_untrusted(lambda a: textwrap.fill("word " * 500), np.zeros(1))
    assert not long.endless and long.value.count("\n") > 10
    assert run_untrusted(lambda a: [textwrap.fill("a") for _ in range(300)], np.zeros(1)).endless


def test_a_debugger_s_trace_comes_back():
    def tracer(frame, event, argument):
        return None

    before = sys.gettrace()
    sys.settrace(tracer)
    try:
        run_untrusted(lambda a: a, np.zeros(1))
        assert sys.gettrace() is tracer
    finally:
        sys.settrace(before)


def test_stop_of_the_learner_goes_through():
    def stopped(a):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_untrusted(stopped, np.zeros(1))


def test_warnings_inside_are_quiet():
    result = run_untrusted(lambda a: a / 0 + np.log(-a), np.ones(2))
    assert result.error is None


@pytest.mark.parametrize(("v", "d", "n"), [(1, 1, 1), (5, 3, 4), (7, 2, 3)])
def test_multiplications_are_counted_not_computed(v, d, n):
    ids = np.arange(n) % v
    assert count_multiplications(lambda W, i: W[i], (v, d), ids) == 0
    assert count_multiplications(lambda W, i: np.eye(v)[i] @ W, (v, d), ids) == n * v * d
    assert count_multiplications(lambda W, i: W[i] * 2, (v, d), ids) == n * d
