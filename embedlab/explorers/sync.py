"""Synchronization of an explorer with the browser: parameters in, one message out.

The kernel owns the parameters and the trace; the browser owns cursor, selection and playback. Each
edit of the browser carries a sequence number (`_seq`), and the message that answers it carries the
same number.

An edit is refused in one of two places: `set_state`, where a value is none that its trait takes
(`traits.py`), or `_recompute`, where parameters do not go together. `notify_change` then undoes it,
after its observers have seen it.
"""

import inspect
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Annotated, Any, ClassVar, TypedDict, get_args, get_type_hints

import anywidget
import numpy as np
from traitlets import Bool, Dict, Instance, Int, List, TraitError, Unicode, validate

from embedlab.explorers import wire
from embedlab.explorers.tasks import Task, describe_tasks, tick_tasks
from embedlab.explorers.traits import Parameter

__all__ = ["CommonParameters", "SyncedWidget"]

_ANSWERS_MAX_BYTES = 1_000
_EXPECTED_ERRORS = (ValueError, TypeError, IndexError)
_INTERRUPTED = (
    "an edit must be computed to its end. Received an interrupt of the kernel, and the edit was "
    "undone. Edit again."
)
_KEYWORDS = "    **parameters\n        By keyword.\n"  # in a docstring: replaced by the list
_REFUSED = "refused"  # the key of parameters that could not be computed


class CommonParameters(TypedDict, total=False):
    """Keyword parameters of every explorer, each with its help text."""

    link_id: Annotated[str, "views of a document with the same id share selection and step"]
    hide: Annotated[Sequence[str], "controls that a teacher hides"]
    ask: Annotated[bool, "open with a question to predict"]
    tasks: Annotated[Sequence[Task], "steps to do, ticked in a panel"]
    layout: Annotated[Any, "an ``ipywidgets.Layout``"]


class SyncedWidget(anywidget.AnyWidget):
    """A widget that computes once for each distinct set of parameters and answers every edit.

    A subclass declares its parameters (traits of `embedlab.explorers.traits`; `PARAMS` lists them
    in order), `compute_trace` and `encode_trace`.
    """

    VIEW: ClassVar[str] = ""
    VERSION: ClassVar[int] = 1
    QUESTION: ClassVar[str] = ""
    PARAMS: ClassVar[tuple[str, ...]] = ()
    """The names of the parameters, in the order of their declaration."""
    OFFLINE_PARAMS: ClassVar[tuple[str, ...]] = ()
    """Parameters for which one message holds all values: they work on a page without Python."""
    PAGE_TRAITS: ClassVar[tuple[str, ...]] = ()
    """Traits of the view that are no parameters and travel with a page."""
    OTHER_CONTROLS: ClassVar[tuple[str, ...]] = ()
    """Names for `hide` that are no parameters."""

    MESSAGE_BYTES: ClassVar[int] = wire.MAX_BYTES
    """Most bytes of a message of this view."""

    _seq = Int(0).tag(sync=True)
    message = Dict().tag(sync=True)
    cursor = Dict().tag(sync=True)
    answers = List(Dict()).tag(sync=True)
    link_id = Unicode("").tag(sync=True)
    hide = List(Unicode()).tag(sync=True)
    ask = Bool(False).tag(sync=True)
    tasks = List(Instance(Task))
    _tasks = List(Dict()).tag(sync=True)  # their texts and ticks

    _inputs: Mapping[str, Any] = {}  # constructor arguments that a state cannot hold

    def __init_subclass__(cls, **options: Any):
        super().__init_subclass__(**options)
        declared = [name for name, trait in vars(cls).items() if isinstance(trait, Parameter)]
        cls.PARAMS = (*cls.PARAMS, *(name for name in declared if name not in cls.PARAMS))
        # The types of the constructor say it to type checkers, `help` and this loop to readers.
        for keywords in get_args(cls.__init__.__annotations__.get("parameters")):
            lines = []
            for name, hint in get_type_hints(keywords, include_extras=True).items():
                kind, text = get_args(hint)
                kind = inspect.formatannotation(kind).replace("collections.abc.", "")
                lines.append(f"    {name} : {kind}\n        {text}\n")
                if name in declared:
                    vars(cls)[name].help = text
            cls.__doc__ = (cls.__doc__ or "").replace(_KEYWORDS, "".join(lines))

    def __init__(self, **traits: Any):
        unknown = sorted(set(traits) - set(self.trait_names()))
        if unknown:
            raise TypeError(
                f"{type(self).__name__} takes {', '.join(self.PARAMS)}. "
                f"Received {', '.join(unknown)}. Check the spelling."
            )
        self._params_key = ""  # the parameters of the last computation, as JSON
        self._answered_seq = -1  # sequence number of the last edit that was answered
        self._error: str | None = None
        self._invalid_edit: str | None = None
        self._trace: Any = None
        self._header: dict[str, Any] = {}
        self._buffer = b""
        self._computations = 0
        self._last_params: dict[str, Any] = {}  # the parameters of the trace
        self._changing = False  # whether this object itself changes its parameters
        super().__init__(**traits)
        self.on_msg(self._take_again)
        self.observe(self._sync, names=[*self.PARAMS, "_seq"])
        self.observe(self._tick_tasks, names=["cursor"])
        self.observe(self._new_tasks, names=["tasks"])

    # --- the contract of a subclass --------------------------------------------------------

    def read_inputs(self) -> None:
        """Read the constructor arguments again that may have changed, such as a layer."""

    def header_even_if_refused(self) -> dict[str, Any]:
        """Return header fields that the message has also after a refused edit.

        Such as the size to which the button "Grow V to fit" would set the table.
        """
        return {}

    def normalize_params(self) -> None:
        """Adjust parameters that follow from others, before a trace is computed."""

    def compute_trace(self) -> Any:
        """Return the trace of the current parameters; it has `summary` and `alt`."""
        raise NotImplementedError

    def encode_trace(self, trace: Any) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
        """Return this view's fields of the message header, and its arrays."""
        raise NotImplementedError

    def external_inputs(self) -> list[str]:
        """Return the names of constructor arguments that a state cannot hold, such as a table."""
        return [name for name, value in self._inputs.items() if value is not None]

    def limits(self) -> dict[str, dict[str, Any]]:
        """Return for each parameter ``{"min", "max"}`` or ``{"choices"}``."""
        return {name: self.traits()[name].limits() for name in self.PARAMS}

    @property
    def params(self) -> dict[str, Any]:
        """The parameters as they are now."""
        return {name: getattr(self, name) for name in self.PARAMS}

    @property
    def initial(self) -> dict[str, Any]:
        """The parameters that it was made with, to which `reset` returns."""
        return dict(self._initial)

    @property
    def tasks_done(self) -> list[bool]:
        """For each of the tasks whether it was done since they were set."""
        return [entry["done"] for entry in self._tasks]

    @property
    def trace(self) -> Any:
        """The trace of the parameters; its arrays are read-only."""
        return self._trace

    @property
    def error(self) -> str | None:
        """The reason why the last edit was refused, or None.

        A refused edit leaves the parameters as they were.
        """
        return self._error

    def refresh(self) -> None:
        """Compute again, for instance after training the layer that is shown."""
        with self._changes_itself():
            self.read_inputs()
        self._params_key = ""
        self._sync()
        self._undo_refused()

    # --- the protocol -------------------------------------------------------------------------

    def open(self) -> None:
        """Compute before the browser knows this explorer, so that it always has a trace."""
        self._initial = self.params
        self._sync()
        if self._trace is None:
            raise self._exception  # there is nothing to show: raise in Python
        self._new_tasks()
        super().open()

    def set_state(self, sync_data: dict[str, Any]) -> None:
        """Apply an edit of the browser; an invalid value is answered by an error text.

        (Jupyter would swallow the exception, and the view would wait forever.)
        """
        self._changing = False  # an interrupt may have ended the edit before this one anywhere
        self._undo_refused()
        valid = dict(sync_data)
        for name in [*self.PARAMS, "answers"]:
            if name in valid:
                try:
                    self.traits()[name]._validate(self, valid[name])
                except TraitError as error:
                    del valid[name]
                    self._invalid_edit = str(error)
        super().set_state(valid)
        if self._invalid_edit is not None:
            self._sync()
        for name in set(sync_data) & {*self.PARAMS, "answers"}:
            if getattr(self, name) != sync_data[name]:  # refused, undone, or written otherwise
                self.send_state(name)

    def _take_again(self, _: Any, edit: dict[str, Any], __: Any) -> None:
        """Apply what the browser sends as a message of its own since an answer was lost.

        (ipywidgets' model then holds back what it saves, for ever when the connection had broken.)
        """
        self.set_state(edit)  # when it came in both ways, the second changes nothing

    def notify_change(self, change: Any) -> None:
        """Notify the observers, and undo an edit that was refused.

        Observers such as `ipywidgets.link` must see the edit before they see it undone.
        """
        if change["name"] in self.PARAMS and getattr(self, change["name"]) != change["new"]:
            return  # undone meanwhile
        try:
            super().notify_change(change)
        finally:  # also when the kernel was interrupted meanwhile
            if change["name"] == "_seq" or change["name"] in self.PARAMS:
                self._undo_refused()

    def _undo_refused(self) -> None:
        if self._last_params and not self._changing and self._params_key == _REFUSED:
            try:
                self._restore()
            except KeyboardInterrupt:
                self._restore()
                raise

    def _restore(self) -> None:
        """Set the parameters to those of the trace."""
        with self._changes_itself():
            for name, value in self._last_params.items():
                setattr(self, name, value)
        self._params_key = _key(self.params)

    @contextmanager
    def _changes_itself(self) -> Iterator[None]:
        """Set parameters without computing for each."""
        before, self._changing = self._changing, True
        try:
            with self.hold_trait_notifications():
                yield
        finally:
            self._changing = before

    def _sync(self, _: Any = None) -> None:
        """Compute if the parameters changed, and send one message."""
        if self._changing or self._params_key == _REFUSED:
            return
        if _key(self.params) != self._params_key:
            try:
                self._recompute()
            except KeyboardInterrupt:
                if self._trace is None:
                    raise
                self._error, self._params_key = _INTERRUPTED, _REFUSED
                self._send_message()
                self._undo_refused()
                raise
        elif self._seq == self._answered_seq and self._invalid_edit is None:
            return
        else:
            self._error = None  # an edit back to what is shown
        self._send_message()

    def _send_message(self) -> None:
        """Send the last trace, with an error if there is one."""
        self._answered_seq = self._seq
        self._error, self._invalid_edit = self._invalid_edit or self._error, None
        now = {"seq": self._seq, "error": self._error}
        header = {**self._header, **self.header_even_if_refused(), **now}
        self.message = {"header": header, "buffer": self._buffer}
        self._tick_tasks()

    def _new_tasks(self, _: Any = None) -> None:
        self._tasks = describe_tasks(self.tasks)
        self._tick_tasks()

    def _tick_tasks(self, _: Any = None) -> None:
        """Tick the tasks that are reached; a refused edit reaches none."""
        if self._tasks and self._params_key != _REFUSED:
            self._tasks = tick_tasks(self.tasks, self._tasks, self)

    def _recompute(self) -> None:
        try:
            with self._changes_itself():
                self.normalize_params()
            with np.errstate(over="ignore", invalid="ignore"):  # inf and NaN are shown
                trace = self.compute_trace()
                fields, arrays = self.encode_trace(trace)
            message = wire.encode(
                {**self._common_header(trace), **fields}, arrays, self.MESSAGE_BYTES
            )
        except _EXPECTED_ERRORS as error:
            self._error = str(error)
            self._exception: Exception = error
        except Exception as error:
            kind = type(error).__name__
            self._error = f"embedlab failed with {kind}: {error}. Reset, and report this."
            self._exception = error
        else:
            self._computations += 1
            self._trace, self._error, self._last_params = trace, None, self.params
            self._header, self._buffer = message["header"], message["buffer"]
        self._params_key = _key(self.params) if self._error is None else _REFUSED

    def _common_header(self, trace: Any) -> dict[str, Any]:
        """Return the header fields that all views have."""
        params = self.params
        return {
            "view": self.VIEW,
            "version": self.VERSION,
            "seq": self._seq,
            "error": None,
            "question": self.QUESTION,
            "params": params,
            # Only the differences, so that a long text is not sent twice.
            "initial": {name: v for name, v in self._initial.items() if params[name] != v},
            "limits": self.limits(),
            "needs": self.external_inputs(),
            "note": None,
            "summary": f"{self.QUESTION}\n{trace.summary}",
            "alt": trace.alt,
        }

    @validate("answers")
    def _check_answers_size(self, proposal: Any) -> list[dict[str, Any]]:
        size = len(json.dumps(proposal["value"]))
        if size > _ANSWERS_MAX_BYTES:
            raise TraitError(
                f"answers must stay within {_ANSWERS_MAX_BYTES} bytes. Received {size}. "
                "Set answers = []."
            )
        return proposal["value"]


def _key(params: Mapping[str, Any]) -> str:
    """Return parameters as JSON, to compare."""
    return json.dumps(params, sort_keys=True)
