"""The talk between an explorer's two halves: parameters in, one message out, nothing lost.

The kernel owns the parameters and the trace; the browser owns cursor, selection and playback. Each
edit of the browser carries a number (`_seq`), and the message that answers it carries the same.
"""

import json
from typing import Any, ClassVar

import anywidget
import numpy as np
from traitlets import Bool, Dict, Int, List, TraitError, Unicode, validate

from embedlab.explorers import wire

__all__ = ["SyncedWidget"]

_ANSWERS_MOST = 1_000
_OURS = (ValueError, TypeError, IndexError)


class SyncedWidget(anywidget.AnyWidget):
    """A widget that computes once for each distinct set of parameters, and always answers.

    A view of one idea says which parameters it has (`PARAMS`, each a trait of
    `embedlab.explorers.traits`), how to run (`_run`) and how to fill the message (`_fill`).
    """

    VIEW: ClassVar[str] = ""
    VERSION: ClassVar[int] = 1
    QUESTION: ClassVar[str] = ""
    PARAMS: ClassVar[tuple[str, ...]] = ()
    IN_MESSAGE: ClassVar[tuple[str, ...]] = ()
    """Parameters whose every value one message already shows: a page without Python obeys them."""

    _seq = Int(0).tag(sync=True)
    message = Dict().tag(sync=True)
    cursor = Dict().tag(sync=True)
    answers = List(Dict()).tag(sync=True)
    link_id = Unicode("").tag(sync=True)
    hide = List(Unicode()).tag(sync=True)
    ask = Bool(False).tag(sync=True)

    def __init__(self, **traits: Any):
        unknown = sorted(set(traits) - set(self.trait_names()))
        if unknown:
            raise TypeError(
                f"{type(self).__name__} takes {', '.join(self.PARAMS)}. "
                f"Received {', '.join(unknown)}. Check the spelling."
            )
        self._key = ""  # the parameters that were computed last, as text
        self._answered = -1  # the edit that was answered last
        self._fault: str | None = None
        self._refused: str | None = None
        self._trace: Any = None
        self._header: dict[str, Any] = {}
        self._buffer = b""
        self._runs = 0
        super().__init__(**traits)
        self.observe(self._answer, names=[*self.PARAMS, "_seq"])

    # --- what an explorer of one idea says -------------------------------------------------

    def _run(self) -> Any:
        """Compute the trace of the current parameters; it has `summary` and `alt`."""
        raise NotImplementedError

    def _fill(self, trace: Any) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
        """Return what this view adds to the header, and its arrays."""
        raise NotImplementedError

    def _needs(self) -> list[str]:
        """Name the arguments of the constructor that are no parameters and cannot travel."""
        return []

    def limits(self) -> dict[str, dict[str, Any]]:
        """Return for each parameter ``{"min", "max"}`` or ``{"choices"}``."""
        return {name: self.traits()[name].limits() for name in self.PARAMS}

    @property
    def params(self) -> dict[str, Any]:
        """The parameters as they are now."""
        return {name: getattr(self, name) for name in self.PARAMS}

    @property
    def trace(self) -> Any:
        """The last trace that could be computed: frozen, with all arrays."""
        return self._trace

    @property
    def error(self) -> str | None:
        """What kept the current parameters from being computed, as a sentence."""
        return self._fault

    def refresh(self) -> None:
        """Compute again, for instance after the layer behind it was trained."""
        self._key = ""
        self._answer()

    # --- the protocol -------------------------------------------------------------------------

    def open(self) -> None:
        """Compute before the browser hears of this explorer, so that it never shows nothing."""
        self._initial = self.params
        self._answer()
        if self._trace is None:
            raise self._cause  # nothing can be shown: let Python hear it
        super().open()

    def set_state(self, sync_data: dict[str, Any]) -> None:
        """Take what the browser changed; a value that cannot be is answered by a sentence.

        (Jupyter would swallow the exception, and the view would wait for ever.)
        """
        kept = dict(sync_data)
        for name in [*self.PARAMS, "answers"]:
            if name in kept:
                try:
                    self.traits()[name]._validate(self, kept[name])
                except TraitError as error:
                    del kept[name]
                    self._refused = str(error)
        super().set_state(kept)
        if self._refused is not None:
            self._answer()
        for name in set(sync_data) - set(kept):
            self.send_state(name)

    def _answer(self, _: Any = None) -> None:
        """Compute unless these parameters were computed last, and send one message."""
        key = json.dumps(self.params, sort_keys=True)
        if key != self._key:
            self._compute()
            self._key = key
        elif self._seq == self._answered and self._refused is None:
            return
        self._answered = self._seq
        error, self._refused = self._refused or self._fault, None
        header = {**self._header, "seq": self._seq, "error": error}
        self.message = {"header": header, "buffer": self._buffer}

    def _compute(self) -> None:
        try:
            trace = self._run()
            more, arrays = self._fill(trace)
            made = wire.encode({**self._frame(trace), **more}, arrays)
        except _OURS as error:
            self._fault = str(error)
            self._cause: Exception = error
        except Exception as error:
            kind = type(error).__name__
            self._fault = f"embedlab failed with {kind}: {error}. Reset, and report this."
            self._cause = error
        else:
            self._runs += 1
            self._trace, self._fault = trace, None
            self._header, self._buffer = made["header"], made["buffer"]

    def _frame(self, trace: Any) -> dict[str, Any]:
        """Return the part of the header that all views have."""
        now = self.params
        return {
            "view": self.VIEW,
            "version": self.VERSION,
            "seq": self._seq,
            "error": None,
            "question": self.QUESTION,
            "params": now,
            # Only what differs, so that a long text does not travel twice.
            "initial": {name: v for name, v in self._initial.items() if now[name] != v},
            "limits": self.limits(),
            "needs": self._needs(),
            "summary": f"{self.QUESTION}\n{trace.summary}",
            "alt": trace.alt,
        }

    @validate("answers")
    def _small(self, proposal: Any) -> list[dict[str, Any]]:
        size = len(json.dumps(proposal["value"]))
        if size > _ANSWERS_MOST:
            raise TraitError(
                f"answers must stay within {_ANSWERS_MOST} bytes. Received {size}. Empty them."
            )
        return proposal["value"]
