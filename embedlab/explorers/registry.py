"""Lookup of explorers by the name of their view."""

from importlib import import_module

from embedlab.core.checks import short_repr
from embedlab.explorers.explorer import Explorer, available_views

__all__ = ["explorer_class"]


def explorer_class(view: str) -> type[Explorer]:
    """Return the explorer class of a view.

    Parameters
    ----------
    view : str
        "lookup", "gradient", …

    Raises
    ------
    KeyError
        For an unknown view; the text lists the known ones.

    Examples
    --------
    >>> explorer_class("lookup").__name__
    'LookupExplorer'
    """
    if view not in available_views():
        raise KeyError(
            f"view must be one of {', '.join(available_views())}. Received {short_repr(view)}. "
            "Check the spelling."
        )
    members = vars(import_module(f"embedlab.explorers.{view}")).values()
    return next(
        member
        for member in members
        if isinstance(member, type) and issubclass(member, Explorer) and view == member.VIEW
    )
