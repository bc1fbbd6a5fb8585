"""`Explorer.open(path)` of a class, beside the method `open` that every widget has."""

from typing import Any

__all__ = ["open_method"]


class open_method(classmethod):
    """A class method called `open` that leaves the one of ipywidgets to the widgets themselves.

    A widget opens its channel to the browser with ``self.open()`` when it is made.
    """

    _owner: Any

    def __set_name__(self, owner: type, name: str) -> None:
        self._owner = owner

    def __get__(self, widget: Any, owner: type | None = None) -> Any:
        if widget is None:
            return super().__get__(None, owner)
        return super(self._owner, widget).open  # type: ignore[misc]
