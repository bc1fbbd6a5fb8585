"""Lesson 14: the bytes of a table in training, a sharding for a budget, and two questions."""

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from embedlab.core.checks import short_repr
from embedlab.distributed import Sharding, draw_ids, expected_traffic
from embedlab.layers.memory import in_words
from embedlab.lessons.grading.describe import describe_failure, describe_result, raised
from embedlab.lessons.grading.grade import Diagnosis, grade_function
from embedlab.lessons.grading.sandbox import RunResult, run_untrusted
from embedlab.lessons.grading.verdict import Verdict
from embedlab.lessons.question import Choice, Question
from embedlab.traces.text import format_count, format_number

__all__ = ["CHECKS", "QUESTIONS"]

SHAPE, WORKERS, BATCH = (40_000_000, 128), 4, 8192
MOST_MEMORY, MOST_IMBALANCE, MOST_ID_BYTES = 12_000_000_000, 1.2, 30_000
"""The budget: bytes of rows and of Adagrad's slot on a worker, the load of the busiest worker as a
multiple of the mean, and bytes of row numbers that a lookup sends."""


class Case(NamedTuple):
    """A table (V, D), and how many slots its optimizer keeps for each weight."""

    rows: int
    columns: int
    slots: int

    @property
    def expected(self) -> int:
        """The bytes of float32 rows and their slots."""
        return self.rows * self.columns * 4 * (1 + self.slots)


_CASES = [Case(3, 2, 0), Case(3, 2, 1), Case(250, 16, 2), Case(40_000_000, 128, 1)]

_UNITS = {"kilobytes": (1e3, 2**10), "megabytes": (1e6, 2**20), "gigabytes": (1e9, 2**30)}

_MISTAKES: tuple[tuple[str, Callable[[Case], float]], ...] = (
    (
        "These are numbers, not bytes. A float32 takes four bytes.",
        lambda case: case.rows * case.columns * (1 + case.slots),
    ),
    (
        "These are the numbers of the table. Each takes four bytes, and the slots are missing.",
        lambda case: case.rows * case.columns,
    ),
    (
        "The slots are missing. An optimizer keeps `slots` more numbers for each weight.",
        lambda case: case.rows * case.columns * 4,
    ),
    (
        "The slots are counted, but not the weights themselves.",
        lambda case: case.rows * case.columns * 4 * case.slots,
    ),
    (
        "A slot has one number for each weight, not for each row.",
        lambda case: case.rows * 4 * (case.columns + case.slots),
    ),
    (
        "A slot has one number for each weight, not one for the table.",
        lambda case: 4 * (case.rows * case.columns + case.slots),
    ),
    (
        "`slots` is how many slots there are, not their bytes: each is as large as the table.",
        lambda case: 4 * case.rows * case.columns + case.slots,
    ),
    (
        "The numbers of the slots are counted, but each takes four bytes too.",
        lambda case: case.rows * case.columns * (4 + case.slots),
    ),
    (
        "These are 8 bytes a number, as in float64. A float32 takes four.",
        lambda case: 2 * case.expected,
    ),
    ("These are bits. A byte has eight of them.", lambda case: 8 * case.expected),
    *(
        (f"This is in {unit}. Return bytes.", lambda case, size=size: case.expected / size)
        for unit, sizes in _UNITS.items()
        for size in sizes
    ),
)
"""What learners return instead."""


def check_bytes(exercise: str, function: Any) -> Verdict:
    """Check `table_bytes(rows, columns, slots)`: float32 rows, and the slots of an optimizer."""
    return grade_function(
        exercise,
        function,
        _CASES,
        run=lambda function, case: run_untrusted(lambda: function(*case)),
        diagnose=lambda case, done: _diagnose(case, done, function),
        describe=lambda case, done: {
            "rows, columns, slots": f"{case.rows}, {case.columns}, {case.slots}",
            "expected": f"{case.expected}",
            "returned": describe_result(done),
        },
        right=lambda message: Verdict(
            exercise,
            True,
            f"{message}: 40 000 000 rows of 128 with Adagrad take {in_words(_CASES[-1].expected)}.",
        ),
    )


def _diagnose(case: Case, done: RunResult, function: Any) -> Diagnosis | None:
    """Return what is wrong in one case, or None."""
    message = describe_failure(done, ())
    if message is None and done.error is not None:
        message = raised(done)
    if message:
        return Diagnosis(message)
    number = _number(done)
    if number is None:
        return Diagnosis("Your function should return how many bytes there are, one number.")
    if number == case.expected:
        return None
    results = [(one, _number(run_untrusted(lambda one=one: function(*one)))) for one in _CASES]
    for sentence, formula in _MISTAKES:
        if all(result is not None and math.isclose(result, formula(c)) for c, result in results):
            return Diagnosis(sentence)
    return Diagnosis("Count the numbers of the table, then of its slots, and the bytes of each.")


def _number(done: RunResult) -> float | None:
    """Return the one number that a call returned; None for text, True and whatever else."""
    try:
        array = np.asarray(done.value)
    except Exception:  # a value of the learner's own class
        return None
    return float(array.item()) if array.size == 1 and array.dtype.kind in "iuf" else None


def check_scheme(exercise: str, sharding: Any) -> Verdict:
    """Check a `Sharding` of 40 000 000 rows: memory, load and row numbers within the budget."""
    if sharding is ... or sharding is None:
        message = 'put a Sharding in place of the dots, such as Sharding(*shape, "row_wise", 4).'
        return Verdict(exercise, False, message, attempted=False)
    if not isinstance(sharding, Sharding):
        message = f"the check needs a Sharding. Received {short_repr(sharding)}."
        return Verdict(exercise, False, message)
    if (sharding.input_dim, sharding.output_dim) != SHAPE:
        message = f"the table has 40 000 000 rows of 128. Yours is {sharding.input_dim} x "
        return Verdict(exercise, False, f"{message}{sharding.output_dim}.")
    if max(sharding.workers) >= WORKERS:
        message = "there are four workers, 0 to 3. Use no more shards, or name their workers."
        return Verdict(exercise, False, message)
    memory = np.zeros(WORKERS)
    for shard, worker in enumerate(sharding.workers):
        memory[worker] += math.prod(sharding.shape(shard)) * 4 * 2
    batches = [draw_ids(BATCH, SHAPE[0], seed=seed) for seed in range(8)]
    traffic = expected_traffic(sharding, batches, WORKERS)
    id_bytes = float(traffic.lookup_ids.sum())
    case = {
        "memory of the fullest worker": f"{in_words(memory.max())} of {in_words(MOST_MEMORY)}",
        "load of the busiest": f"{format_number(traffic.imbalance)} x the mean, at most 1.2",
        "row numbers of a lookup": f"{in_words(id_bytes)}, at most {in_words(MOST_ID_BYTES)}",
    }
    wrong, copies = None, sharding.replicated.size
    if memory.max() > MOST_MEMORY:
        without = memory - np.bincount(sharding.workers, minlength=WORKERS) * copies * SHAPE[1] * 8
        wrong = "Each copy takes memory on a worker."
        if without.max() > MOST_MEMORY:
            wrong = "One worker holds too much."
    elif traffic.imbalance > MOST_IMBALANCE:
        wrong = (
            "Frequent ids lie together, so one worker is asked for most rows. Spread them, or give "
            "every worker a copy of the most frequent."
        )
        if copies:
            wrong = (
                f"Too few copies ({format_count(copies)}): the frequent rows behind them still lie "
                "on one worker. Copy more, or spread the ids by a hash."
            )
            if sharding.replicated[-1] >= copies:
                wrong = "Copy the most frequent rows. They are the first ones: replicated=1000."
    elif id_bytes > MOST_ID_BYTES:
        wrong = "Every worker is asked for every id. Split the table so that each id has one place."
    if wrong:
        return Verdict(exercise, False, wrong, case=case, case_title="Your sharding")
    facts = ", ".join(f"{name} {value}" for name, value in case.items())
    return Verdict(exercise, True, f"right: {facts}.")


CHECKS: dict[str, Callable[[str, Any], Verdict]] = {"bytes": check_bytes, "scheme": check_scheme}

QUESTIONS: dict[str, Question] = {
    "predict": Question(
        "Worker 0 holds the 10 million most frequent of 40 million rows. A batch of 8192 Zipf ids "
        "needs each of its rows once. Which share of them comes from worker 0?",
        correct="d",
        delayed_feedback=True,
        choices={
            "a": Choice(
                "A quarter: it holds a quarter of the rows",
                "So it would be if all ids were equally frequent.",
            ),
            "b": Choice(
                "About half of them",
                "More: by Zipf's law the first 5 000 ids alone get half of the requests.",
            ),
            "c": Choice(
                "All: rare ids do not occur",
                "Each is rare, but there are many: some 12 of 100 rows come from the others.",
            ),
            "d": Choice(
                "Nearly nine of ten",
                "0.88. The other three workers wait for it, and a fifth worker would not help.",
            ),
        },
    ),
    "exit": Question(
        "A batch holds one id three times, and its row lies on another machine. What travels "
        "for it in a lookup and a step of lazy Adagrad?",
        correct="b",
        choices={
            "a": Choice(
                "The row, and then the last of its three gradients",
                "All three count: they are added before they travel.",
                "M4",
            ),
            "b": Choice(
                "A row number and a row, then a row number and one sum",
                "Once each way, however often the id occurs. The slots never leave their machine.",
            ),
            "c": Choice(
                "Almost nothing: a gather multiplies nothing",
                "It moves bytes, and here over a network: that is what the plan counts.",
                "M13",
            ),
            "d": Choice(
                "A one-hot row, which that machine multiplies by its block",
                "No layer does that. Four bytes say which row it is.",
                "M1",
            ),
        },
    ),
}
