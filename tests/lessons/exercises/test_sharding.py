"""The checks of lesson 14: right is right, and each wrong has its sentence."""

import pytest

from embedlab.distributed import Sharding
from embedlab.lessons import check

SHAPE = 40_000_000, 128


def test_bytes_that_are_right():
    verdict = check("14.bytes", lambda rows, columns, slots: 4 * rows * columns * (slots + 1))
    assert verdict and "4 of 4 cases" in verdict.message and "41.0 GB" in verdict.message


WRONG = {
    "numbers": (lambda r, c, s: r * c * (1 + s), "not bytes"),
    "no slots": (lambda r, c, s: r * c * 4, "slots are missing"),
    "slots only": (lambda r, c, s: r * c * 4 * s, "not the weights"),
    "a slot a row": (lambda r, c, s: r * 4 * (c + s), "not for each row"),
    "float64": (lambda r, c, s: r * c * 8 * (1 + s), "as in float64"),
    "neither": (lambda r, c, s: r * c, "slots are missing"),
    "one a slot": (lambda r, c, s: 4 * (r * c + s), "not one for the table"),
    "plus slots": (lambda r, c, s: 4 * r * c + s, "not their bytes"),
    "slots as bytes": (lambda r, c, s: r * c * (4 + s), "takes four bytes too"),
    "bits": (lambda r, c, s: 32 * r * c * (1 + s), "bits"),
    "mebibytes": (lambda r, c, s: r * c * 4 * (1 + s) / 2**20, "in megabytes"),
    "digits": (lambda r, c, s: str(r * c * 4 * (1 + s)), "one number"),
    "gigabytes": (lambda r, c, s: r * c * 4 * (1 + s) / 1e9, "in gigabytes"),
    "text": (lambda r, c, s: "many", "one number"),
    "raises": (lambda r, c, s: 1 / 0, "ZeroDivisionError"),
    "none": (lambda r, c, s: None, "returns nothing yet"),
    "constant": (lambda r, c, s: 7, "Count the numbers"),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_each_wrong_count_has_its_sentence(wrong):
    function, sentence = WRONG[wrong]
    verdict = check("14.bytes", function)
    assert not verdict and sentence in verdict.message, verdict


@pytest.mark.parametrize("hot", [0, 1_000_000])
def test_shardings_within_the_budget(hot):
    scheme = "row_wise" if hot else "row_wise_hashed"
    verdict = check("14.scheme", Sharding(*SHAPE, scheme, 4, replicated=hot))
    assert verdict and "of 12.0 GB" in verdict.message, verdict


@pytest.mark.parametrize(
    ("sharding", "sentence"),
    [
        (..., "in place of the dots"),
        ("row_wise", "needs a Sharding"),
        (Sharding(1000, 128, "row_wise", 4), "40 000 000 rows of 128. Yours is 1000 x 128"),
        (Sharding(*SHAPE, "row_wise", 5), "there are four workers"),
        (Sharding(*SHAPE, "table_wise"), "One worker holds too much"),
        (Sharding(*SHAPE, "row_wise", 2, replicated=1000), "One worker holds too much"),
        (Sharding(*SHAPE, "row_wise", 4), "Frequent ids lie together"),
        (Sharding(*SHAPE, "row_wise", 4, replicated=3_000_000), "Each copy takes memory"),
        (Sharding(*SHAPE, "row_wise", 4, replicated=100), r"Too few copies (100)"),
        (Sharding(*SHAPE, "row_wise", 4, replicated=[10**7]), "Copy the most frequent rows"),
        (Sharding(*SHAPE, "column_wise", 4), "asked for every id"),
    ],
)
def test_shardings_beyond_it_have_their_sentences(sharding, sentence):
    verdict = check("14.scheme", sharding)
    assert not verdict and sentence in verdict.message, verdict
    assert "smallest case" not in repr(verdict)
