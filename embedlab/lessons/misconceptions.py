"""Frequent misconceptions, where they were seen, and a view that refutes each."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

__all__ = ["MISCONCEPTIONS", "Misconception", "misconception", "show", "show_command"]


@dataclass(frozen=True)
class Misconception:
    """One belief, and what to show to somebody who holds it.

    Attributes
    ----------
    id : str
        "M1", "M2", …: a question's wrong answer and a checker's diagnosis name it.
    belief : str
        The belief in a learner's words.
    truth : str
        What holds instead, in one or two sentences.
    seen : tuple of str
        Where people said it: "keras 11819" is issue 11819 of the repository keras.
    look : str
        What to look at in the view.
    preset : mapping
        A state of the view that shows it, for the ``from_state`` of that view's explorer.
    """

    id: str
    belief: str
    truth: str
    seen: tuple[str, ...]
    look: str
    preset: Mapping[str, Any]


def _view(name: str, **params: Any) -> dict[str, Any]:
    return {"view": name, "version": 1, "params": params}


MISCONCEPTIONS: dict[str, Misconception] = {
    record.id: record
    for record in (
        Misconception(
            id="M1",
            belief="An embedding layer multiplies one-hot rows by its table at run time.",
            truth=(
                "Textbooks write it as a product. The layer copies row i: the same numbers, "
                "without "
                "a single multiplication."
            ),
            seen=("forum threads on “Embedding against Linear”",),
            look="Compare the two counts of multiplications, then the largest difference.",
            preset=_view("lookup", text="cat", input_dim=16, output_dim=8, method="one-hot"),
        ),
        Misconception(
            id="M2",
            belief="input_dim is the largest id I may use.",
            truth=(
                "input_dim is the number of rows. V rows have the ids 0 to V − 1, so the largest "
                "id is one less than input_dim, and no id is below 0."
            ),
            seen=(
                "keras 11819",
                "keras 13097",
                "tensorflow 38619",
                "tensorflow 51555",
                "tensorflow 59709",
            ),
            look="The table has four rows: ids 0 and 3 are valid, ids 4 and −1 are out of range.",
            preset=_view("lookup", text="#0 #3 #4 #-1", input_dim=4, output_dim=4),
        ),
        Misconception(
            id="M3",
            belief="Similar words have similar vectors from the start.",
            truth=(
                "A new table holds random numbers. Similar words get similar rows only when "
                "training on text moves them."
            ),
            seen=("introductory tutorials",),
            look="Change the seed: “cat” and “dog” are near or far by chance.",
            preset=_view("lookup", text="cat dog", input_dim=16, output_dim=8, seed=1),
        ),
        Misconception(
            id="M4",
            belief="When an id occurs twice, its row gets the last gradient, or the mean of both.",
            truth=(
                "Every use of a row changes the loss, so the gradients of all its uses are added. "
                "Assigning keeps only the last one, and a gradient check fails."
            ),
            seen=("NumPy's assignment with an array of ids, which keeps the last",),
            look="Row 1 is used three times. Set Duplicate ids to add, and the check passes.",
            preset=_view("gradient", text="the cat the the", input_dim=8, rule="assign"),
        ),
        Misconception(
            id="M5",
            belief="mask_zero makes row 0 zero, or keeps it from learning.",
            truth=(
                "mask_zero only says which places are padding. Row 0 is drawn at random like any "
                "other row, and it learns wherever a layer ignores the mask. To make a row zero "
                "and keep it zero, use padding_idx=0."
            ),
            seen=("keras 2897", "keras 5392", "pytorch 1812", "pytorch 6411", "pytorch 3711"),
            look="Row 0 is not zero, and it gets a gradient as soon as Reshape has lost the mask.",
            preset=_view("mask", layers=["Reshape", "GlobalAveragePooling1D", "Dense"]),
        ),
        Misconception(
            id="M6",
            belief="Once a mask is made, it reaches every layer and the loss by itself.",
            truth=(
                "A mask is handed from layer to layer. The first layer that does not support masks "
                "drops it, and from there on padding counts like words."
            ),
            seen=("keras 4978", "keras 10895", "keras 13189", "keras 15194", "tensorflow 33260"),
            look="Conv1D loses the mask, and the loss is the same as without any mask.",
            preset=_view("mask", layers=["Dropout", "Conv1D", "GlobalAveragePooling1D", "Dense"]),
        ),
        Misconception(
            id="M7",
            belief="A row whose gradient is zero stays where it is.",
            truth=(
                "The gradient is only one part of a step. Momentum and Adam also move a row by "
                "their state, a mean of earlier gradients, until it is zero. Plain SGD, Adagrad, "
                "RMSprop and lazy Adam do not move such a row."
            ),
            seen=("pytorch 18404", "pytorch 1285"),
            look="“moon” is not in the batch of step 40: its gradient is 0, and it moves.",
            preset=_view("training", runs=[["adam", 0.05], ["sgd", 1.0]]),
        ),
        Misconception(
            id="M8",
            belief="An L2 penalty acts on the rows that a batch used.",
            truth=(
                "The penalty is a sum over the whole table, so every row gets a gradient from it, "
                "read or not. Plain SGD shortens each row by the same share at every step; only "
                "rows that are read also get a gradient from the words."
            ),
            seen=("it follows, if one thinks that an embedding learns row by row",),
            look="“moon” is in no batch. Under sgd it stays; with L2 it shrinks at every step.",
            preset=_view(
                "training",
                text="The cat sleeps. A dog runs. The dog sleeps. A cat runs. " * 5
                + "The blue moon.",
                runs=[["sgd + l2", 1.0], ["sgd", 1.0]],
                steps=60,
                batch=1,
                seed=34,
            ),
        ),
        Misconception(
            id="M9",
            belief="A higher rank is always better, and alpha is there to regularize.",
            truth=(
                "A change has a certain number of directions, and a rank above that number "
                "improves nothing. Alpha sets the size of the steps: with α/r the first update "
                "shrinks as the rank grows, with α/√r it keeps its size. Alpha limits nothing."
            ),
            seen=("bitsandbytes 762", "mlx-examples 982"),
            look="Change the rank. From rank 2 on the error is 0, and the first update shrinks.",
            preset=_view("lora", target="topic", rank=8, scaling="lora"),
        ),
        Misconception(
            id="M10",
            belief="LoRA changes only the rows that were trained.",
            truth=(
                "All rows share B. With A random at the start every row changes with B. With A "
                "zero only the rows that were trained can move."
            ),
            seen=("it seems to follow from the sparse gradient of A",),
            look="One word was trained, and every row moved. Start A at zero, and the others stay.",
            preset=_view("lora", seen=[0], start="random", target="one word"),
        ),
        Misconception(
            id="M11",
            belief="int4 has half the bits of int8, so twice the error, the same in all rows.",
            truth=(
                "With one scale a row, int4 uses 15 levels where int8 uses 255, so its step is "
                "127 / 7 ≈ 18 times as wide. And each row has its own step, set by its largest "
                "weight."
            ),
            seen=("learners who halve the bytes, and the precision with them",),
            look="Drag the outlier of this row: its levels move apart, and other codes become 0.",
            preset=_view("quantize", scheme="int4", row=8),
        ),
        Misconception(
            id="M12",
            belief="On a flat map of word vectors, near is similar and the axes mean something.",
            truth=(
                "A flat map shows two directions and drops all others, so it only shortens "
                "distances. Far apart on it is far apart, but words near each other on it may be "
                "far apart. Another projection of the same rows shows other neighbors."
            ),
            seen=("Distill, “How to Use t-SNE Effectively”",),
            look="Compare both lists, by cosine and on the map. Choose another projection.",
            preset=_view("geometry", word="tuple", plane="pca 1+2"),
        ),
        Misconception(
            id="M13",
            belief="A gather is free: it multiplies nothing.",
            truth=(
                "It multiplies nothing, but it moves bytes. Memory delivers whole lines of 64 "
                "bytes, and the processor waits for those that are not in a cache: the larger the "
                "table and the rarer the words, the more often."
            ),
            seen=("benchmarks that look the same few rows up again and again",),
            look="No multiplications, but 1 024 bytes moved. Time both methods: it is not free.",
            preset=_view(
                "lookup",
                text="#3 #1700 #41 #990 #2047 #512 #77 #1311",
                input_dim=2048,
                output_dim=32,
            ),
        ),
        Misconception(
            id="M14",
            belief="One large weight makes the whole table coarser.",
            truth=(
                "Each row, or each group of a row, has its own scale. Weights that do not share "
                "their scale with the large weight keep their codes."
            ),
            seen=("libraries that quantize with one scale for a whole matrix",),
            look="Row 9 has an outlier now. Compare its error with those of all other rows.",
            preset=_view("quantize", scheme="int4", row=9, edits=[[9, 3, -6.9]]),
        ),
        Misconception(
            id="M15",
            belief="An adapter must be computed at every lookup; merging changes the outputs.",
            truth=(
                "W + α/r · A · B can be computed once. The merged table has the same rows as the "
                "table with its adapter, to the last bit."
            ),
            seen=("adapters that are never merged",),
            look="Press M: A and B are added to W, and the largest difference is 0.",
            preset=_view("lora", seen=[0, 1, 4], rank=2),
        ),
        Misconception(
            id="M16",
            belief="The file knows the words: “cat” finds its row wherever I load it.",
            truth=(
                "A file of weights holds rows by number, and no word. The vocabulary says which "
                "word has which number. With another vocabulary each word reads another row, and "
                "no error is raised."
            ),
            seen=("pytorch-sentiment-analysis 19", "gabarit 156"),
            look="Swap the two words: each now reads the row that was the other's.",
            preset=_view("lookup", text="zebra apple", input_dim=16, output_dim=8),
        ),
        Misconception(
            id="M17",
            belief="The exact floats can be computed from the codes in a file.",
            truth=(
                "The file holds codes and scales, and they give the quantization levels. What lay "
                "between two levels was rounded before the file was written."
            ),
            seen=("bitsandbytes 1142", "bitsandbytes 41"),
            look="Each weight goes to its nearest level. Only codes and scales are stored.",
            preset=_view("quantize", scheme="int8", row=0),
        ),
        Misconception(
            id="M18",
            belief="Only the rows that were looked up get a gradient, tied or not.",
            truth=(
                "That is so for a lookup alone. With tied weights every row also computes a "
                "score, and the softmax depends on all scores: every row gets a gradient at every "
                "step."
            ),
            seen=("it holds for every lookup, and a tied table looks like any other",),
            look="Two words, and 14 of 14 rows have a gradient. Set the mode to plain: 2 of 14.",
            preset=_view("gradient", text="the cat", input_dim=14, mode="tied"),
        ),
    )
}


def misconception(which: str) -> Misconception:
    """Return one record.

    Parameters
    ----------
    which : str
        Its id, such as "M2".

    Raises
    ------
    KeyError
        When there is no such record.

    Examples
    --------
    >>> misconception("M2").belief
    'input_dim is the largest id I may use.'
    """
    if which not in MISCONCEPTIONS:
        raise KeyError(
            f"a misconception must be one of {', '.join(MISCONCEPTIONS)}. Received {which!r:.20}. "
            "Write it as the checker does."
        )
    return MISCONCEPTIONS[which]


def show_command(which: str) -> str:
    """Return a line of Python that opens the view of a misconception, in any notebook.

    Examples
    --------
    >>> show_command("M2")
    'from embedlab.lessons import show; show("M2")'
    """
    return f'from embedlab.lessons import show; show("{which}")'


def show(which: str) -> Any:
    """Open the view that refutes a misconception.

    Parameters
    ----------
    which : str
        Its id, such as "M2".

    Returns
    -------
    Explorer
        Of the view that the record names.

    Examples
    --------
    >>> show("M2").trace.bad.tolist()
    [False, False, True, True]
    """
    from embedlab.explorers.registry import explorer_class

    preset = misconception(which).preset
    return explorer_class(preset["view"]).from_state(preset)
