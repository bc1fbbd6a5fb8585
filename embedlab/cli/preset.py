"""The states of views that have a name: one for each misconception."""

from typing import Any

from embedlab.cli.errors import CliError

__all__ = ["preset"]


def preset(name: str) -> dict[str, Any]:
    """Return the state of a view that refutes one misconception.

    Parameters
    ----------
    name : str
        Its id, such as "M2".

    Raises
    ------
    Stop
        When there is no such misconception, with those there are.

    Examples
    --------
    >>> preset("M2")["view"]
    'lookup'
    """
    from embedlab.lessons.misconceptions import misconception

    try:
        return dict(misconception(name).preset)
    except KeyError as error:
        raise CliError(str(error.args[0])) from None
