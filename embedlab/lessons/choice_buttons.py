"""The choices of a question as buttons in a notebook.

An ipywidget of its own instead of `ipywidgets.Button`: a long choice wraps, a screen reader hears
which choice is pressed, and JupyterLab does not take the keys for its own (D twice deletes a cell).
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import anywidget
from traitlets import Dict, List, Unicode

__all__ = ["ChoiceButtons"]

_HERE = Path(__file__)


class ChoiceButtons(anywidget.AnyWidget):
    """Buttons for the choices of one question, and the reply to the one that was pressed.

    Parameters
    ----------
    question : str
    choices : mapping
        Letter -> text.
    chosen : str
        The letter that counts as the answer; "" for none.
    reply : tuple of str
        Lines below the buttons; a part between backticks is code.
    on_press : callable
        Takes a letter, and returns the new `chosen` and `reply`.
    """

    _esm = _HERE.with_suffix(".js").read_text("utf-8")
    _css = _HERE.with_suffix(".css").read_text("utf-8")

    question = Unicode().tag(sync=True)
    choices = Dict().tag(sync=True)
    chosen = Unicode().tag(sync=True)
    reply = List(Unicode()).tag(sync=True)

    def __init__(
        self,
        question: str,
        choices: Mapping[str, str],
        chosen: str,
        reply: tuple[str, ...],
        on_press: Callable[[str], tuple[str, tuple[str, ...]]],
    ):
        super().__init__(question=question, choices=dict(choices), chosen=chosen, reply=[*reply])
        self._on_press = on_press
        self.on_msg(self._receive)

    def press(self, letter: str) -> None:
        """Choose, as the button does."""
        chosen, reply = self._on_press(letter)
        with self.hold_sync():
            self.chosen, self.reply = chosen, [*reply]

    def _receive(self, _: Any, message: Any, buffers: Any) -> None:
        letter = message.get("press") if isinstance(message, dict) else None
        if isinstance(letter, str) and letter in self.choices:
            self.press(letter)
            self.send({"taken": letter})  # also where nothing changes
