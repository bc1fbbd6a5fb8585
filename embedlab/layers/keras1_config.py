"""Translation of an Embedding config of Keras 1 or 2 into the arguments of today."""

from typing import Any

from embedlab.core.checks import message

__all__ = ["from_keras1_config"]

_RENAMED = {
    "init": "embeddings_initializer",
    "W_regularizer": "embeddings_regularizer",
    "W_constraint": "embeddings_constraint",
    "dropout": "row_dropout",
    "input_dtype": None,  # ids are integers in every dtype
    "batch_size": None,
}


def from_keras1_config(config: dict[str, Any]) -> dict[str, Any]:
    """Return the arguments of `Embedding` for a config of Keras 1 or 2.

    ``dropout`` drops whole rows of the table; today's words pass through. ValueError when an old
    and a new word say two different things.

    >>> from_keras1_config({"input_dim": 5, "output_dim": 2, "W_regularizer": "l2"})
    {'input_dim': 5, 'output_dim': 2, 'embeddings_regularizer': 'l2'}
    """
    arguments: dict[str, Any] = {}
    for key, value in config.items():
        if key in ("batch_input_shape", "input_shape"):
            lengths = tuple(value or ())[1 if key == "batch_input_shape" else 0 :]
            if lengths and all(lengths):
                _put(arguments, key, "input_length", lengths[0] if len(lengths) == 1 else lengths)
        elif key == "activity_regularizer" and value is None:
            continue
        elif _RENAMED.get(key, key) is not None:
            _put(arguments, key, _RENAMED.get(key, key), _plain(value))
    return arguments


def _put(arguments: dict[str, Any], word: str, key: Any, value: Any) -> None:
    if arguments.get(key) is not None and arguments[key] != value:
        received = f"{word}={value!r:.40} beside {key}={arguments[key]!r:.40}"
        raise ValueError(message("an old and a new word must agree", received, "Keep one of them"))
    arguments[key] = value


def _plain(value: Any) -> Any:
    """Rewrite the dicts of Keras 1, {"name": "MaxNorm", "m": 2}, into {"class_name", "config"}."""
    if not isinstance(value, dict) or "class_name" in value or "name" not in value:
        return value
    name = value["name"]
    rest = {k: v for k, v in value.items() if k != "name"}
    if name in ("WeightRegularizer", "L1L2Regularizer"):
        name = "L1L2"
    if "m" in rest:
        rest["max_value"] = rest.pop("m")
    return {"class_name": name, "config": rest}
