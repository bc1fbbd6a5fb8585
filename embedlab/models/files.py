"""Models in files: the doors, under Keras's names. The work is done in `embedlab.saving`."""

from typing import Any

__all__ = ["load_model", "save_model"]


def save_model(model: Any, filepath: Any, overwrite: bool = True) -> None:
    """Write a whole model to a ``.keras`` file: layers, weights, adapters, and how it was compiled.

    Parameters
    ----------
    model : Model
        Built.
    filepath : path-like
        Must end in ``.keras``.
    overwrite : bool
        Whether a file may be there already.

    Notes
    -----
    Keras 3 reads the file where it knows the layers; what it has no word for, such as several
    adapters, it passes by. A crash in the middle leaves the old file whole.
    """
    from embedlab.saving.archive import save_model

    save_model(model, filepath, overwrite)


def load_model(
    filepath: Any, custom_objects: Any = None, compile: bool = True, safe_mode: bool = True
) -> Any:
    """Return the model that a ``.keras`` file holds, written here or by Keras 3.

    Parameters
    ----------
    filepath : path-like
    custom_objects : mapping of str to class or function, optional
        Classes and functions of your own that the file names.
    compile : bool
        Whether to compile it with the optimizer (at step 0), loss and metrics of the file.
    safe_mode : bool
        For Keras's sake: nothing in a file is ever executed, whatever this says.

    Raises
    ------
    embedlab.saving.FileRefused
        For a file that is damaged or hostile, and for one that names what is not known.

    Examples
    --------
    >>> import tempfile
    >>> from embedlab.layers import Embedding
    >>> from embedlab.models import Sequential
    >>> path = tempfile.mkdtemp() + "/words.keras"
    >>> model = Sequential([Embedding(5, 2, input_length=3)])
    >>> model.save(path)
    >>> bool((load_model(path).predict([[1, 2, 3]]) == model.predict([[1, 2, 3]])).all())
    True
    """
    from embedlab.saving.archive import load_model

    return load_model(filepath, custom_objects, compile)
