"""The prediction questions of the views: their names on a card, and their texts."""

from dataclasses import dataclass

__all__ = ["PREDICTIONS", "Prediction"]


@dataclass(frozen=True)
class Prediction:
    """One question of a view; `choices` names its answers, where they are the same in every view.

    Elsewhere an answer is rows or a curve of the learner's own text, and only its being right can
    be counted.
    """

    text: str
    choices: tuple[str, ...] = ()


PREDICTIONS: dict[str, Prediction] = {
    "lookup.rows": Prediction("Which rows will this sentence read?"),
    "gradient.rows": Prediction("Which rows will get a gradient?"),
    "gradient.duplicates": Prediction(
        "A row is used several times. Which of its gradients does it keep?",
        ("the last", "the mean", "the sum"),
    ),
    "mask.loser": Prediction("Which layer loses the mask?"),
    "lora.error_by_rank": Prediction("How much of the change is left at each rank? (a curve)"),
    "training.path": Prediction("How far will this row be over its next steps? (a curve)"),
    "window.rows": Prediction("Which rows of both tables does this step change?"),
    "quantize.tenfold": Prediction(
        "One weight grows tenfold. Which codes of its row change, and which other rows?"
    ),
    "shard.busiest": Prediction("Which worker is asked for the most rows of a batch?"),
    "geometry.nearest": Prediction("Which of the named words is nearest by cosine?"),
}
"""By their names, as the browser half reports them."""
