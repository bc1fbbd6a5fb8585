"""Lesson 04: the masked mean, a pipeline to mend, and its two questions."""

from collections.abc import Callable
from typing import Any

import numpy as np

from embedlab.core.mask import as_mask, masked_mean
from embedlab.lessons.grading.describe import (
    describe_failure,
    describe_result,
    format_value,
    raised,
    shape_mismatch,
)
from embedlab.lessons.grading.grade import Diagnosis, grade_function
from embedlab.lessons.grading.sandbox import RunResult, run_untrusted
from embedlab.lessons.grading.submission import explorer_or_verdict
from embedlab.lessons.grading.verdict import Verdict
from embedlab.lessons.question import Choice, Question

__all__ = ["CHECKS", "QUESTIONS"]

NEAR = 1e-5
"""How far the loss may be from the true one, as a share: what rounding leaves."""


def _cases() -> list[tuple[np.ndarray, np.ndarray]]:
    """Return values (B, T, D) and masks (B, T), smallest first: the first that fails is shown.

    In the sixth, padding holds a NaN: a number that is masked must not be used at all, not even
    multiplied by zero.
    """
    rng = np.random.default_rng(4)
    values = rng.normal(size=(5, 7, 4)).round(2)
    one = np.array([[[2.0], [4.0]]])
    return [
        (np.array([[[3.0]]]), np.array([[True]])),
        (one, np.array([[True, True]])),
        (one, np.array([[True, False]])),
        (one, np.array([[False, True]])),
        (
            np.array([[[2.0, 0.0], [4.0, 3.0]], [[6.0, 5.0], [8.0, 7.0]]]),
            np.array([[True, True], [False, True]]),
        ),
        (np.array([[[2.0], [np.nan]]]), np.array([[True, False]])),
        (one, np.array([[False, False]])),
        (values.astype(np.float32), rng.random((5, 7)) < 0.6),
    ]


def check_mean(exercise: str, function: Any) -> Verdict:
    """Check `masked_mean(values, mask)`: the mean of the words alone, 0 where there is none."""
    return grade_function(
        exercise,
        function,
        _cases(),
        run=lambda function, case: run_untrusted(function, *case),
        diagnose=lambda case, done: _diagnose(*case, done),
        describe=lambda case, done: {
            "values": format_value(case[0]),
            "mask": format_value(case[1]),
            "expected": format_value(_expected(*case)),
            "returned": describe_result(done),
        },
        right=lambda message: Verdict(
            exercise, True, f"{message}. Padding is neither added nor counted."
        ),
    )


def _expected(values: np.ndarray, mask: np.ndarray) -> np.ndarray:
    return masked_mean(np.where(mask[..., None], values, 0), as_mask(mask, mask.shape))


def _diagnose(values: np.ndarray, mask: np.ndarray, done: RunResult) -> Diagnosis | None:
    """Find what is wrong in one case, or None."""
    expected = _expected(values, mask)
    message = describe_failure(done, ("values", "mask"))
    if message:
        return Diagnosis(message)
    if done.error is not None:
        return Diagnosis(f"The batch is valid. {raised(done)}")
    message = shape_mismatch(done.value, expected)
    if message:
        return Diagnosis(f"{message} Return one vector of D numbers for each of the B sequences.")
    if np.allclose(done.value, expected, atol=1e-6):
        return None
    return _name(values, mask, np.asanyarray(done.value))


def _name(values: np.ndarray, mask: np.ndarray, gave: np.ndarray) -> Diagnosis:
    """Describe what a wrong mean is instead."""
    if np.ma.is_masked(gave):
        message = "A number of your masked array is masked, so it is no number. In `np.ma`, True"
        return Diagnosis(f"{message} marks what is left out; `.filled(0)` writes 0 there.")
    if not mask.any(axis=1).all() and not np.isfinite(gave).all():
        message = "A sequence that is all padding has no words: 0 / 0 is NaN. Return 0 for it."
        return Diagnosis(message)
    if np.isnan(values).any() and np.isnan(gave).any():
        message = (
            "A number at a masked place reached the result: 0 · NaN is NaN. "
            "Use np.where instead of multiplying by the mask."
        )
        return Diagnosis(message)
    count = np.maximum(mask.sum(axis=1, keepdims=True), 1)
    if np.allclose(gave, values.mean(axis=1)):
        return Diagnosis("It is the mean of all places: the mask is not used.", related="M6")
    if np.allclose(gave, values.sum(axis=1) / count):
        message = (
            "It adds all places and divides by the number of words. Padding must not be added "
            "either: its row is not zero."
        )
        return Diagnosis(message, related="M5")
    words = np.where(mask[..., None], values, 0)
    if np.allclose(gave, words.mean(axis=1)):
        message = "It leaves padding out of the sum, but still counts it in the division."
        return Diagnosis(message, related="M6")
    if np.allclose(gave, words.sum(axis=1) / max(mask.sum(), 1)):
        message = "You divide by the number of words in the whole batch. Divide the sum of each "
        return Diagnosis(f"{message}sequence by the number of its own words.")
    if np.allclose(gave, words.sum(axis=1) / np.maximum(np.count_nonzero(words, axis=1), 1)):
        message = "A word whose number is 0 is not counted, but it is a word. Count the words in "
        return Diagnosis(f"{message}the mask, not in the numbers.")
    if len(gave) == gave.shape[1] and np.allclose(gave, words.sum(axis=1) / count[:, 0]):
        message = (
            "Numbers are divided by the counts of other sequences: `mask.sum(axis=1)` has shape "
        )
        return Diagnosis(f"{message}(B,). With `keepdims=True` it has shape (B, 1).")
    if np.allclose(gave, words.sum(axis=1)):
        return Diagnosis("It is the sum of the words. Divide it by the number of words.")
    if np.allclose(gave, _expected(values, mask), rtol=2e-3, atol=2e-3):
        message = f"The mean is right, but rounded too far. values is {values.dtype}"
        return Diagnosis(f"{message}, your result {gave.dtype}.")
    return Diagnosis("The result is not the mean of the words.")


def check_mend(exercise: str, submission: Any) -> Verdict:
    """Check a MaskExplorer (or its state): with this padding, the loss must be the true one."""
    submission = explorer_or_verdict(exercise, "mask", submission)
    if isinstance(submission, Verdict):
        return submission
    trace = submission.trace
    if submission.error:
        return Verdict(exercise, False, f"these layers do not fit together. {submission.error}")
    if not trace.padding.any() or trace.padding.all():
        message = (
            "this batch has no padding, or nothing else, so there is nothing to repair. Keep "
            "sentences of different lengths, and change the layers."
        )
        return Verdict(exercise, False, message)
    if all(stage.status == "none" for stage in trace.stages):
        message = "no layer makes a mask, so padding counts like words. Set mask_zero=True."
        return Verdict(exercise, False, message, related="M6")
    if trace.factor is None:
        message = f"there is no loss to compare with. {trace.no_reference}"
        return Verdict(exercise, False, message, related="M6")
    if trace.pooled_at is None:
        message = (
            "there is one output for each place. Pool them, so that a sentence has one output."
        )
        return Verdict(exercise, False, message)
    if any(stage.status == "replaced" for stage in trace.stages):
        message = (
            "Masking replaces the mask of the embedding by its own. It looks for places that are "
            "all zeros, and row 0 is not zero, so it takes padding for words."
        )
        return Verdict(exercise, False, message, related="M5")
    if abs(trace.factor - 1) > NEAR:
        where = f"the mask is lost at {trace.lost_at}" if trace.lost_at else "padding still counts"
        percent = abs(100 * (trace.factor - 1))
        direction = "higher" if trace.factor > 1 else "lower"
        message = (
            f"{where}, and the loss is {percent:.1f} % {direction} than the unpadded reference."
        )
        attempted = submission.layers != type(submission)().layers
        if not attempted:
            message += " Move, replace or remove layers until the mask arrives where it is needed."
        return Verdict(exercise, False, message, attempted=attempted, related="M6")
    if trace.lost_at:
        message = (
            "the loss is the one of the unpadded reference, but only by chance: the mask is lost "
            f"at {trace.lost_at}. With other numbers padding would count. Use a layer that passes "
            "the mask on or uses it."
        )
        return Verdict(exercise, False, message, related="M6")
    message = "right. The mask arrives, and the loss is the one of the unpadded reference."
    return Verdict(exercise, True, message)


CHECKS: dict[str, Callable[[str, Any], Verdict]] = {"mean": check_mean, "mend": check_mend}

QUESTIONS: dict[str, Question] = {
    "predict": Question(
        "A model is Embedding(mask_zero=True), then Flatten, then Dense. After Flatten, where is "
        "the mask?",
        correct="c",
        delayed_feedback=True,
        choices={
            "a": Choice(
                "It goes on to Dense, which skips the padding", "Flatten does not pass it on.", "M6"
            ),
            "b": Choice(
                "Flatten has used it, and left the padding out",
                "The long vector still has D numbers for every place, padding too.",
            ),
            "c": Choice(
                "It is gone, and padding counts like words",
                "Its output is one vector without separate places, so no mask fits it.",
            ),
            "d": Choice(
                "It is not needed: the rows of padding are zeros",
                "Row 0 was drawn at random, like every other row.",
                "M5",
            ),
        },
    ),
    "exit": Question(
        "1 000 words have the ids 1 to 1 000, and id 0 is padding. Which sentence about "
        "Embedding(1001, 64, mask_zero=True) in a model is true?",
        correct="b",
        choices={
            "a": Choice(
                "Its row 0 is zero, and stays zero in training.",
                "Row 0 is random. It gets no gradient only as long as the mask is used.",
                "M5",
            ),
            "b": Choice(
                "It makes a mask, which layers behind it get as long as each passes it on.",
                "The first layer that does not support masks drops it.",
            ),
            "c": Choice(
                "Padding is left out of the loss, whatever layers follow.",
                "Conv1D, Flatten, Reshape and GlobalMaxPooling1D lose the mask.",
                "M6",
            ),
            "d": Choice(
                "1 000 rows are enough, because padding needs none.",
                "Padding is row 0, so id 1 000 needs a 1 001st row.",
                "M2",
            ),
        },
    ),
}
