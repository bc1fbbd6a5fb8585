"""Lesson 12: what is wrong with five models, asked; and the checks of the five repairs."""

from collections.abc import Callable
from typing import Any

from embedlab.lessons.exercises.capstone.cases_1_to_3 import check_factor, check_id, check_loss
from embedlab.lessons.exercises.capstone.cases_4_5 import check_drift, check_int8
from embedlab.lessons.grading.verdict import Verdict
from embedlab.lessons.question import Choice, Question

__all__ = ["CHECKS", "QUESTIONS"]

CHECKS: dict[str, Callable[[str, Any], Verdict]] = {
    "id": check_id,
    "loss": check_loss,
    "factor": check_factor,
    "drift": check_drift,
    "int8": check_int8,
}

QUESTIONS: dict[str, Question] = {
    "id": Question(
        "“milk” finds its row, “juice” does not. What does the builder of this table believe?",
        right="c",
        choices={
            "a": Choice(
                "mask_zero takes row 0 away, so that one row is missing at the end",
                "mask_zero takes no row away. Row 0 is a row like any other.",
                "M5",
            ),
            "b": Choice(
                "Somebody makes a one-hot row for each word, and forgot that of juice",
                "Nobody makes one-hot rows at run time: a row is copied, or is not there.",
                "M1",
            ),
            "c": Choice(
                "A table needs as many rows as the largest id says",
                "The largest id is 13, and ids count from 0: that makes 14 rows.",
            ),
            "d": Choice(
                "The gradient of milk was written over that of juice",
                "Nothing was trained yet. And a gradient moves rows, it never takes one away.",
                "M4",
            ),
        },
    ),
    "loss": Question(
        "The loss stays at 59, though 37.3 can be reached, and the table holds the last week to "
        "the number. What went wrong on the way back?",
        right="a",
        choices={
            "a": Choice(
                "Each row had four gradients, and one was kept",
                "`grad[ids] += …` reads each row once, and the last write wins.",
            ),
            "b": Choice(
                "Seven days need eight rows, so two days share one",
                "Days have the ids 0 to 6: that is seven rows, and nothing was refused.",
                "M2",
            ),
            "c": Choice(
                "New rows mean nothing yet: train for longer",
                "Training is what gives rows their meaning, and these rows have long "
                "stopped moving. They are sure of the wrong thing.",
                "M3",
            ),
            "d": Choice(
                "Three of the four gradients are zero, and with gradient zero a row stays",
                "None of the four is zero: each week pulls its own way.",
                "M7",
            ),
        },
    ),
    "factor": Question(
        "“cake pie” costs 2.50 alone, and 1.25 beside an order of four words. Row 0 of the prices "
        "is 0, and mask_zero is on. Why half?",
        right="b",
        choices={
            "a": Choice(
                "Row 0 is not zero any more: it has learned a price",
                "Nothing was trained, and row 0 is 0. But zeros are counted.",
                "M5",
            ),
            "b": Choice(
                "The mask ends at Discount, so the mean is over four places",
                "(6 + 4 + 0 + 0) / 4 / 2 = 1.25. The two zeros weigh as much as words.",
            ),
            "c": Choice(
                "The mask does reach the mean; the long order pulls the short one",
                "The mean never hears of the mask, and each order has a mean of its own.",
                "M6",
            ),
            "d": Choice(
                "Padding comes last, and the last price wins",
                "Nothing is overwritten: all four places add up.",
                "M4",
            ),
        },
    ),
    "drift": Question(
        "From day 11 on the first two rows have gradient zero. On day 30 they are far from where "
        "they were on day 10. Why?",
        right="d",
        choices={
            "a": Choice(
                "Somebody else writes into the table: with gradient zero a row stays",
                "Nobody else does. Adam itself moves a row by what it remembers.",
                "M7",
            ),
            "b": Choice(
                "The other rows' gradients were added to theirs",
                "What adds up are several uses of one row. Rows do not mix.",
                "M4",
            ),
            "c": Choice(
                "They come to mean the same as their neighbors, so they follow them",
                "A row knows nothing of other rows. Only its own gradients move it.",
                "M3",
            ),
            "d": Choice(
                "Adam still moves them by what it heard on the first ten days",
                "Its mean of past gradients fades by a tenth a day; the rows glide on.",
            ),
        },
    ),
    "int8": Question(
        "Merging the adapter changed two rows. As floats all other words are as before; as codes "
        "seven of the twelve words have another neighbor. Why?",
        right="b",
        choices={
            "a": Choice(
                "Merging changes outputs: the adapter should have stayed beside the table",
                "The floats of all other rows are the same to the last bit.",
                "M15",
            ),
            "b": Choice(
                "All rows are measured with one scale, that of the largest weight",
                "Cake has a weight of 40, so one step is 0.3 for everybody.",
            ),
            "c": Choice(
                "One large weight spoils any int8 table: it must be cut off",
                "Only what shares a scale with it. Let each row have its own.",
                "M14",
            ),
            "d": Choice(
                "alpha was too large: a higher rank would have held it back",
                "The change is what was wanted, and rank 2 says it exactly.",
                "M9",
            ),
        },
    ),
    "exit": Question(
        "A sixth model. A frozen table has an adapter, A random and B zero at the start. It was "
        "trained on “cake” alone, with plain SGD, and now “tea” gives other numbers too. Which "
        "sentence is true?",
        right="c",
        choices={
            "a": Choice(
                "It cannot be: only “cake” was seen, so only “cake” can change.",
                "In the table that is so. An adapter has a B, shared by all rows.",
                "M10",
            ),
            "b": Choice(
                "alpha was too large to regularize it; with a smaller one tea would stay.",
                "It would move less. It would not stay.",
                "M9",
            ),
            "c": Choice(
                "Training moved B, and tea has a random part in it.",
                "Start A at zero, and only rows that were seen can move.",
            ),
            "d": Choice(
                "Merging did it: before, the adapter was kept apart from tea.",
                "Merged or not, the rows are the same.",
                "M15",
            ),
        },
    ),
}
