"""The explorer of a view, by the view's name."""

from importlib import import_module

from embedlab.explorers.explorer import Explorer, available_views

__all__ = ["explorer_class"]


def explorer_class(view: str) -> type[Explorer]:
    """Return the explorer class of a view.

    Parameters
    ----------
    view : str
        "lookup", "gradient", …: a view that has a browser half.

    Raises
    ------
    KeyError
        When there is no such view, with those there are.

    Examples
    --------
    >>> explorer_class("lookup").__name__
    'LookupExplorer'
    """
    if view not in available_views():
        raise KeyError(
            f"view must be one of {', '.join(available_views())}. Received {view!r:.40}. "
            "Write it as a state does."
        )
    found = vars(import_module(f"embedlab.explorers.{view}")).values()
    return next(
        kind
        for kind in found
        if isinstance(kind, type) and issubclass(kind, Explorer) and vars(kind).get("VIEW") == view
    )
