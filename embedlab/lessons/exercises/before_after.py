"""A pair of questions for each lesson: one idea, asked before it and after it in other clothing.

A teacher sees in them what a lesson changed. The feedback to the first comes with the second.
"""

from dataclasses import replace

from embedlab.lessons.question import Choice, Question

__all__ = ["PAIRS", "QUESTIONS"]

PAIRS: dict[str, tuple[Question, Question]] = {
    "01": (
        Question(
            "An app looks up 5 words in a table of 2 000 rows. The table grows to 200 000 rows. "
            "How much more must be computed to look up the same 5 words?",
            correct="b",
            choices={
                "a": Choice(
                    "100 times as much", "That is so for a one-hot matmul. A lookup copies.", "M1"
                ),
                "b": Choice("No more", "Five rows are copied, whatever stands beside them."),
                "c": Choice(
                    "10 times as much", "The rows that are not read play no part in a lookup."
                ),
                "d": Choice(
                    "None: new rows can only be read after training",
                    "A new row can be read at once. It holds random numbers.",
                ),
            },
        ),
        Question(
            "A shop has a row of 16 numbers for each of 3 000 000 customers. What happens when the "
            "row of id 2 999 999 is read?",
            correct="d",
            choices={
                "a": Choice(
                    "48 000 000 products are added.", "That would be the one-hot matmul.", "M1"
                ),
                "b": Choice(
                    "The last row but one is copied.",
                    "Ids begin at 0, so 2 999 999 is the last of 3 000 000 rows.",
                    "M2",
                ),
                "c": Choice("16 products are added.", "16 numbers are copied, without a product."),
                "d": Choice("The last row is copied.", "Its 16 numbers, and nothing is computed."),
            },
        ),
    ),
    "02": (
        Question(
            "Two batches of 1 000 ids read a very large table. In the first all ids are different. "
            "In the second ten ids come 100 times each. Which lookup waits less for memory?",
            correct="c",
            choices={
                "a": Choice(
                    "Neither: both copy 1 000 rows", "Copying waits for what is not near.", "M13"
                ),
                "b": Choice("The one with 1 000 ids", "Each of its rows has to come from memory."),
                "c": Choice(
                    "The one with ten ids", "Ten rows come from memory, and are then near."
                ),
                "d": Choice(
                    "Neither: both go over the whole table", "A lookup reads its rows only.", "M1"
                ),
            },
        ),
        Question(
            "A radio looks up a million songs an hour in a table larger than any cache. By night "
            "it plays 20 songs again and again, by day each song once. When is a lookup faster?",
            correct="a",
            choices={
                "a": Choice("By night", "20 rows stay in the cache."),
                "b": Choice(
                    "At no time: the same number of bytes is copied",
                    "The same number is copied, but not from the same place.",
                    "M13",
                ),
                "c": Choice("By day", "By day nearly every row has to come from memory."),
                "d": Choice(
                    "At no time: every lookup multiplies the whole table",
                    "A lookup multiplies nothing.",
                    "M1",
                ),
            },
        ),
    ),
    "03": (
        Question(
            "“very” occurs twice in a sentence. For the first number of its row the gradient is "
            "0.2 at the first place and 0.6 at the second. Which gradient does that number get?",
            correct="b",
            choices={
                "a": Choice("0.6", "That is only the last one.", "M4"),
                "b": Choice("0.8", "Both places change the loss, so both count in full."),
                "c": Choice("0.4", "That is their mean.", "M4"),
                "d": Choice("0.2", "That is only the first one.", "M4"),
            },
        ),
        Question(
            "Three viewers of one batch rated the same film. For one number of its row their "
            "gradients are 0.5, 0.3 and 0.1. Which gradient does that number get?",
            correct="d",
            choices={
                "a": Choice("0.3", "That is their mean.", "M4"),
                "b": Choice("0.1", "That is only the last one.", "M4"),
                "c": Choice("0.5", "That is only the first, or the largest.", "M4"),
                "d": Choice("0.9", "Three ratings change the loss, and all of them count."),
            },
        ),
    ),
    "04": (
        Question(
            "Reviews of 2 to 50 words are filled up to 50 places with id 0, and the rows of all 50 "
            "places are averaged. Which reviews get the most wrong average?",
            correct="a",
            choices={
                "a": Choice("The shortest ones", "Most of their places are padding."),
                "b": Choice(
                    "None: id 0 adds nothing to an average",
                    "Row 0 is a row of random numbers, and each place is counted.",
                    "M5",
                ),
                "c": Choice("The longest ones", "A review of 50 words has no padding at all."),
                "d": Choice("All alike", "The fewer words, the more places are padding."),
            },
        ),
        Question(
            "A watch sends 3 to 60 heartbeats, filled up to 60 with id 0. The model makes a mask, "
            "but the second layer loses it, and the third averages. Whose average is most wrong?",
            correct="c",
            choices={
                "a": Choice(
                    "Nobody's: the mask was made at the input",
                    "A layer that gets no mask counts all places.",
                    "M6",
                ),
                "b": Choice("That of who sent 60", "Those places are all heartbeats."),
                "c": Choice("That of who sent 3", "57 of the 60 places are padding."),
                "d": Choice(
                    "Nobody's: padding is a row of zeros",
                    "It is random at first, and a zero would be counted too.",
                    "M5",
                ),
            },
        ),
    ),
    "05": (
        Question(
            "Somebody adds 9 random numbers, each between −1 and 1. How large is the sum, compared "
            "with one such number?",
            correct="c",
            choices={
                "a": Choice("About 9 times as large", "Only if all had the same sign."),
                "b": Choice("About as large", "More numbers spread the sum further."),
                "c": Choice("About 3 times as large", "The variance is 9 times, its root 3 times."),
                "d": Choice("Near 0, because they cancel", "They cancel in part only."),
            },
        ),
        Question(
            "A model adds the rows of 100 words, all drawn at random with one limit. How large are "
            "the numbers of the sum, compared with those of one row?",
            correct="a",
            choices={
                "a": Choice("About 10 times", "The variance is 100 times, its root 10 times."),
                "b": Choice("About 100 times", "Only if all rows were the same."),
                "c": Choice(
                    "Almost none is left of them", "Positive and negative ones cancel in part only."
                ),
                "d": Choice("Alike", "Variances of independent numbers add up."),
            },
        ),
    ),
    "06": (
        Question(
            "Nobody bought article 7 this week, so its row had gradient 0 at every step. The shop "
            "trains with momentum. Can the row have moved?",
            correct="b",
            choices={
                "a": Choice(
                    "No: without a gradient nothing moves",
                    "Momentum moves a row by what is left of earlier gradients.",
                    "M7",
                ),
                "b": Choice(
                    "Yes, as in the week before, only less",
                    "What is left of earlier gradients moves it on.",
                ),
                "c": Choice("Yes, back to its start", "No optimizer knows where a row began."),
                "d": Choice(
                    "Yes, toward similar articles",
                    "A row moves by its own gradients and optimizer state.",
                    "M3",
                ),
            },
        ),
        Question(
            "A song was played on Monday, and never again. The recommender trains with Adam, and "
            "on Tuesday the song's gradient is 0. What does its row do on Tuesday?",
            correct="c",
            choices={
                "a": Choice(
                    "It stands still.", "Its gradient is 0, its m is not: Adam moves it.", "M7"
                ),
                "b": Choice(
                    "It follows songs that sound alike.",
                    "A row moves by its own gradients and optimizer state.",
                    "M3",
                ),
                "c": Choice("It keeps going in Monday's direction.", "m is left over from Monday."),
                "d": Choice("It returns to where it was on Sunday.", "Nothing pulls it back."),
            },
        ),
    ),
    "07": (
        Question(
            "A language model is tuned with LoRA on medical texts only. Can the vectors of words "
            "change that occur in none of these texts?",
            correct="d",
            choices={
                "a": Choice(
                    "No: nothing about them was learned",
                    "A part of the adapter belongs to all words, and it changed.",
                    "M10",
                ),
                "b": Choice(
                    "No: the old table is frozen", "The layer adds the adapter to the table."
                ),
                "c": Choice(
                    "Only those of words with a similar meaning",
                    "Meaning moves no row. The shared part of the adapter does.",
                    "M3",
                ),
                "d": Choice("Yes, any of them", "A part of the adapter belongs to all words."),
            },
        ),
        Question(
            "A shop tunes its table of 10 000 products with an adapter, A random and B zero at the "
            "start, on sales of one product. Whose vectors differ afterwards?",
            correct="b",
            choices={
                "a": Choice(
                    "That product's", "B was trained too, and all products share it.", "M10"
                ),
                "b": Choice("Those of all 10 000", "All share B, and each has a random row of A."),
                "c": Choice("Nobody's", "W is frozen, but A · B is added to it."),
                "d": Choice(
                    "Those of products that are often bought with it",
                    "Those too, but not because of that: all rows share B.",
                    "M3",
                ),
            },
        ),
    ),
    "08": (
        Question(
            "The points of each school class are rounded to 15 marks, spread evenly up to the best "
            "of that class. In class 7b one pupil gets a thousand points too many. Whose mark says "
            "less than before?",
            correct="a",
            choices={
                "a": Choice("Everybody's in 7b", "The 15 marks of that class are far apart now."),
                "b": Choice("Everybody's in the school", "Each class has marks of its own.", "M14"),
                "c": Choice("Only that pupil's", "All pupils of 7b share the same 15 marks."),
                "d": Choice("Nobody's", "Between two marks of 7b there is more room now."),
            },
        ),
        Question(
            "500 sensors have a row of 24 numbers each, stored as int4 with one scale a row. In "
            "the row of sensor 9 one number is a huge mistake. Which numbers are stored worse?",
            correct="d",
            choices={
                "a": Choice("Those of all sensors", "Each row has a scale of its own.", "M14"),
                "b": Choice("Only the mistake itself", "It sets the levels for its whole row."),
                "c": Choice(
                    "None: int4 has the same error everywhere",
                    "The error is up to half a step, and each row has its own step.",
                    "M11",
                ),
                "d": Choice("The others of sensor 9", "They share their scale with the mistake."),
            },
        ),
    ),
    "09": (
        Question(
            "A model gives each of 100 words a score for being the next one, with a softmax. One "
            "of them is the right one. How many of the 100 scores does learning push up or down?",
            correct="c",
            choices={
                "a": Choice(
                    "One: the right word's", "To raise its share, all others must fall.", "M18"
                ),
                "b": Choice(
                    "Those of the words in the sentence", "The softmax compares all words.", "M18"
                ),
                "c": Choice("Every one", "The right one up, and all others down."),
                "d": Choice("Two: the right one and the highest", "All others are in the sum too."),
            },
        ),
        Question(
            "A chatbot reads words and scores the next word with one table. One word of its "
            "vocabulary occurs in no text of today. Does the row of that word have a gradient?",
            correct="a",
            choices={
                "a": Choice("Yes: its score is part of each softmax", "So it should fall."),
                "b": Choice("No: it was never looked up", "It was scored, every time.", "M18"),
                "c": Choice(
                    "Only if a word of similar meaning occurs",
                    "Meaning plays no part: its own score does.",
                    "M3",
                ),
                "d": Choice(
                    "Only where it would have been the right next word",
                    "A wrong word's score has a gradient too.",
                    "M18",
                ),
            },
        ),
    ),
    "10": (
        Question(
            "A program has read nothing but recipes. “basil” and “oregano” never stood in one "
            "sentence. Can it find out that they are alike?",
            correct="b",
            choices={
                "a": Choice(
                    "No: they would have to stand together",
                    "Alike are words that share their neighbors, also if they never meet.",
                ),
                "b": Choice(
                    "Yes, if they have the same neighbors", "“add fresh …”, “dried …”: that is all."
                ),
                "c": Choice(
                    "Yes: similar words have similar numbers anyway",
                    "The numbers are random at first.",
                    "M3",
                ),
                "d": Choice(
                    "No: somebody must tell it which words are alike", "Nobody has to tell it."
                ),
            },
        ),
        Question(
            "A hospital gives one of two drugs to patients of one kind, never both together. A "
            "table is trained on these records as on text. What becomes of the two rows?",
            correct="d",
            choices={
                "a": Choice(
                    "They move apart: the drugs never occur together.",
                    "What counts is what stands around each of them.",
                ),
                "b": Choice(
                    "They lie side by side on every flat map.",
                    "A map drops most directions, and another map shows other neighbors.",
                    "M12",
                ),
                "c": Choice(
                    "They stay as they were: the similar ones were similar from the start.",
                    "All rows are random at the start.",
                    "M3",
                ),
                "d": Choice(
                    "Their cosine grows: around both stands the same.",
                    "The same company pushes both rows the same way.",
                ),
            },
        ),
    ),
    "11": (
        Question(
            "You send a friend an array of word vectors, 5 000 rows. She wants the vector of "
            "“cat”. What does she need besides the array?",
            correct="a",
            choices={
                "a": Choice(
                    "The list of words in the order of the rows", "The array knows numbers only."
                ),
                "b": Choice(
                    "Nothing: she asks the array for “cat”", "It holds not one word.", "M16"
                ),
                "c": Choice("The model that was trained", "The rows are all that she needs of it."),
                "d": Choice("The text it was trained on", "The rows were learned from it."),
            },
        ),
        Question(
            "A shop loads last year's file of product vectors. Meanwhile the products were "
            "numbered anew. What happens?",
            correct="c",
            choices={
                "a": Choice(
                    "Each product finds its own row by its name.",
                    "A file of weights holds no names.",
                    "M16",
                ),
                "b": Choice("Loading stops with an error.", "The shapes are the same: no error."),
                "c": Choice(
                    "Products read rows of others, and nothing complains.",
                    "A row belongs to a number, and the numbers changed.",
                ),
                "d": Choice("All rows are drawn anew.", "The rows are those of the file."),
            },
        ),
    ),
    "12": (
        Question(
            "A model trains without an error or a warning, and its loss falls from day to day. "
            "What do you know?",
            correct="d",
            choices={
                "a": Choice("It is right: mistakes raise errors", "Many mistakes raise none."),
                "b": Choice(
                    "Its gradients are right, or the loss would rise",
                    "With wrong gradients it can fall too, only not as far.",
                ),
                "c": Choice(
                    "It only has to train for longer", "A mistake in a model does not train away."
                ),
                "d": Choice(
                    "Little: it should be compared with a result that is known",
                    "Only a comparison shows what is missing.",
                ),
            },
        ),
        Question(
            "A colleague's recommender reports a lower loss than yours, and no warnings. What do "
            "you do before you take it over?",
            correct="b",
            choices={
                "a": Choice("Nothing: a lower loss is better", "It may count padding as well."),
                "b": Choice(
                    "Work out a small case by hand, and hold its output against it",
                    "A case whose answer is known shows what a loss hides.",
                ),
                "c": Choice("Train both for longer", "A mistake in a model does not train away."),
                "d": Choice("Try other seeds", "A wrong model is wrong with every seed."),
            },
        ),
    ),
    "13": (
        Question(
            "You train the vectors of a dictionary twice on one text, with two seeds. The cosine "
            "between the first and the second row of “cat” is 0.02. What do you know?",
            correct="d",
            choices={
                "a": Choice(
                    "One of the two trainings failed", "Both can be good; nothing here says more."
                ),
                "b": Choice("“cat” is a rare word", "The same happens to the most frequent words."),
                "c": Choice(
                    "Both need more epochs", "However long they train, the axes stay different."
                ),
                "d": Choice(
                    "Little: each training has axes of its own",
                    "Only within one table can rows be compared; or after a rotation.",
                ),
            },
        ),
        Question(
            "A search keeps 3 000 000 stored vectors of texts. The model is trained again, just as "
            "well, and now embeds the queries. The stored vectors stay. What do people find?",
            correct="b",
            choices={
                "a": Choice(
                    "What they found before: the model is as good",
                    "As good, yes, and with other axes than the stored rows.",
                ),
                "b": Choice(
                    "Almost random texts, until all are embedded again",
                    "A query and a stored row now come from two tables that do not fit together.",
                ),
                "c": Choice(
                    "The same texts in a slightly other order",
                    "That would be so if only few numbers had changed.",
                ),
                "d": Choice(
                    "Only new words go wrong", "All queries go wrong, also those of old words."
                ),
            },
        ),
    ),
    "14": (
        Question(
            "A table of words, the most frequent first, lies on four machines: each has a quarter "
            "of it, in order. Four machines look up the words of a text four times as fast as one?",
            correct="c",
            choices={
                "a": Choice(
                    "Yes, each does a quarter of the work",
                    "Each holds a quarter of the rows, but few rows are used most.",
                ),
                "b": Choice(
                    "No, each needs the whole table for its words",
                    "A row lies on one machine, and only its number travels there.",
                ),
                "c": Choice(
                    "No, most words lie on the first machine",
                    "The other three wait for it. How ids are split decides how the work is split.",
                ),
                "d": Choice(
                    "Even faster, smaller tables fit the cache",
                    "They may, but the first machine still has nearly all of the work.",
                ),
            },
        ),
        Question(
            "A shop numbers its products in the order of their arrival, and people buy what is "
            "new. Ten machines hold a tenth of the numbers each. On which day is one of them late?",
            correct="a",
            choices={
                "a": Choice(
                    "Every day: the tenth holds what is bought",
                    "New numbers are neighbors. A hash would spread them over all machines.",
                ),
                "b": Choice(
                    "Never, as each has a tenth", "A tenth of the numbers, not of what is asked."
                ),
                "c": Choice(
                    "On the first day, until all caches are filled",
                    "A cache does not move requests to another machine.",
                ),
                "d": Choice(
                    "Only when a product is looked up twice",
                    "An id that comes twice in a batch is sent once.",
                ),
            },
        ),
    ),
}
"""Lesson -> its question before and its question after."""

QUESTIONS: dict[str, Question] = {
    name: question
    for lesson, (before, after) in PAIRS.items()
    for name, question in (
        (f"{lesson}.before", replace(before, delayed_feedback=True)),
        (f"{lesson}.after", replace(after, before=f"{lesson}.before")),
    )
}
"""By their whole names, such as "01.before"."""
