"""Lesson 12: the questions on five broken models, and the checks of their repairs."""

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
        "“juice” reads the row of “milk”. Its id is 13, the largest of the menu, and the table has "
        "13 rows. What does the builder of this table believe?",
        correct="c",
        choices={
            "a": Choice(
                "mask_zero removes row 0, so one row is missing at the end.",
                "mask_zero removes no row. Row 0 is a row like any other.",
                "M5",
            ),
            "b": Choice(
                "Each word needs a one-hot row, and the one of juice was forgotten.",
                "No one-hot rows are made at run time: a row of the table is copied.",
                "M1",
            ),
            "c": Choice(
                "A table needs as many rows as the largest id says.",
                'Ids count from 0, so ids up to 13 need 14 rows. oob="clip" hid the '
                "error: it reads the last row instead.",
            ),
            "d": Choice(
                "The gradient of milk was written over the gradient of juice.",
                "Nothing was trained yet. The two words read one row from the start.",
                "M4",
            ),
        },
    ),
    "loss": Question(
        "The loss ends at 565.5, although 240.5 is possible, and the table has exactly the numbers "
        "of the last week. What is wrong in the backward pass?",
        correct="a",
        choices={
            "a": Choice(
                "Each row has twelve gradients or more, and only one of them is used.",
                "`grad[ids] += …` reads each row once, and the last write remains.",
            ),
            "b": Choice(
                "Five weekdays need six rows, so two of them share one.",
                "Weekdays have the ids 0 to 4: that is five rows, and no id was out of range.",
                "M2",
            ),
            "c": Choice(
                "New rows mean nothing yet: train for longer.",
                "The rows have long stopped moving, at the wrong numbers. More steps "
                "change nothing.",
                "M3",
            ),
            "d": Choice(
                "All gradients but one are zero, so the row does not move.",
                "None of them is zero: the weeks have different numbers.",
                "M7",
            ),
        },
    ),
    "factor": Question(
        "“cake pie” costs 2.50 alone, and 1.25 in a batch with an order of four words. Row 0 of "
        "the prices is 0, and mask_zero is on. Why half?",
        correct="b",
        choices={
            "a": Choice(
                "Row 0 is not zero any more: it was trained.",
                "Nothing was trained, and row 0 is 0. But zeros are counted in a mean.",
                "M5",
            ),
            "b": Choice(
                "The mask ends at Discount, so the mean is over four positions.",
                "(6 + 4 + 0 + 0) / 4 / 2 = 1.25. Both zeros are counted as words.",
            ),
            "c": Choice(
                "The mask reaches the mean, but the long order changes the short one.",
                "The mask does not reach the mean, and each order has its own mean.",
                "M6",
            ),
            "d": Choice(
                "Padding comes last, and the last price overwrites the others.",
                "Nothing is overwritten: all four positions are added up.",
                "M4",
            ),
        },
    ),
    "drift": Question(
        "From day 11 on the first two rows have gradient zero. On day 30 they are far from where "
        "they were on day 10. Why?",
        correct="d",
        choices={
            "a": Choice(
                "Other code writes into the table: a row with gradient zero stays.",
                "No other code does. Adam moves a row by the gradients of earlier steps.",
                "M7",
            ),
            "b": Choice(
                "The gradients of the other rows are added to theirs.",
                "Gradients are added when one row is used several times. Different rows "
                "do not mix.",
                "M4",
            ),
            "c": Choice(
                "They have similar meanings, so they follow the other rows.",
                "Only a row's own gradients move it, earlier ones included.",
                "M3",
            ),
            "d": Choice(
                "Adam still moves them, because of the gradients of the first ten days.",
                "Its mean of past gradients shrinks by only a tenth at each step.",
            ),
        },
    ),
    "int8": Question(
        "The adapter changed two rows. As floats, all other words are as before; as codes, seven "
        "of the twelve words have another nearest neighbor. Why?",
        correct="b",
        choices={
            "a": Choice(
                "Merging changes outputs: the adapter should have stayed separate.",
                "The floats of all other rows are the same to the last bit.",
                "M15",
            ),
            "b": Choice(
                "All rows share one scale, and it comes from the largest weight.",
                "Cake has a weight of 40, so one step is 0.3 in every row.",
            ),
            "c": Choice(
                "One large weight makes any int8 table coarse: it must be cut off.",
                "Only the weights that share its scale. Give each row its own.",
                "M14",
            ),
            "d": Choice(
                "Alpha was too large: a higher rank would have limited the change.",
                "The change is the one that was wanted, and rank 2 reaches it exactly.",
                "M9",
            ),
        },
    ),
    "exit": Question(
        "A sixth model. A frozen table has an adapter, with A random and B zero at the start. It "
        "was trained on “cake” alone, with plain SGD, and now “tea” has other numbers too. Which "
        "sentence is true?",
        correct="c",
        choices={
            "a": Choice(
                "That cannot be: only “cake” was trained, so only “cake” can change.",
                "So it is in the table itself. But an adapter has a B, shared by all rows.",
                "M10",
            ),
            "b": Choice(
                "Alpha was too large to regularize it; with a smaller one tea would stay.",
                "With a smaller alpha it would move less. It would not stay.",
                "M9",
            ),
            "c": Choice(
                "Training changed B, and the row of A for tea is not zero.",
                "Start A at zero, and only rows that were trained can move.",
            ),
            "d": Choice(
                "Merging caused it: before, the adapter did not reach tea.",
                "Merged or not, the rows are the same.",
                "M15",
            ),
        },
    ),
}
