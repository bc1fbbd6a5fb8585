"""Base class of all explorers: state, still picture, HTML export.

A subclass declares its parameters (traits of `embedlab.explorers.traits`) and defines
`compute_trace`, `encode_trace` and `draw`. `embedlab.explorers.sync` holds the message protocol.
"""

import base64
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

from embedlab.explorers import html_export, state
from embedlab.explorers.sync import SyncedWidget
from embedlab.explorers.tasks import describe_tasks
from embedlab.explorers.traits import BoundedText
from embedlab.figures.png import png
from embedlab.figures.theme import Figure

__all__ = ["BundleError", "Explorer", "available_views"]

_ASKS = (
    "Predict first: run this cell, and answer in the view. It then shows the figure and numbers."
)

STATIC = Path(__file__).with_name("static")


def available_views() -> tuple[str, ...]:
    """Return the names of the views that have a JavaScript bundle.

    Examples
    --------
    >>> "lookup" in available_views()
    True
    """
    return tuple(sorted(path.stem for path in STATIC.glob("*.js")))


class BundleError(FileNotFoundError):
    """The JavaScript bundle of an explorer has not been built."""


class Explorer(SyncedWidget):
    """An interactive view of one trace, controlled by mouse, keyboard and Python.

    Every name in `PARAMS` is a trait: assign it, observe it, or link it to another widget with
    `ipywidgets.link`. Each distinct set of parameters is computed once.

    Attributes
    ----------
    message : dict
        The one message to the browser: ``{"header": dict, "buffer": bytes}``.
    cursor : dict
        The position of the pointer or focus, sent by the browser at most ten times a second; in
        marimo with the next edit.
    answers : list of dict
        Predictions: ``{"question", "answer", "correct"}``, at most 1 kB of JSON.
    link_id : str
        Views of one kind in a document with the same id share selection and step, without Python.
    hide : list of str
        Controls that a teacher hides.
    ask : bool
        Open with a question to predict; the answer is revealed afterwards. A saved notebook then
        holds the question in words, and no picture.
    tasks : list of Task
        Steps to do, shown in a panel that ticks them: `embedlab.explorers.tasks.Task`.
    """

    _still: tuple[int, bytes] = (-1, b"")

    def draw(self, trace: Any, *, dark: bool) -> Figure:
        """Return the still picture of a trace as a matplotlib figure."""
        raise NotImplementedError

    def page_inputs(self) -> dict[str, Any] | None:
        """Return what a page needs besides the parameters to compute without Python, as JSON.

        None when something that this explorer was made with cannot travel with a page.
        """
        return None

    @property
    def summary(self) -> str:
        """The question and the main numbers in a few lines; the same on every machine."""
        error = f"\nerror   {self._error}" if self._error else ""
        return f"{self.QUESTION}\n{self._trace.summary}{error}"

    @property
    def state(self) -> dict[str, Any]:
        """The parameters as plain JSON of at most 2 kB, for `from_state`."""
        return state.to_dict(self.VIEW, self.VERSION, self.params, self.external_inputs())

    @classmethod
    def from_state(cls, saved: Mapping[str, Any] | str, **inputs: Any) -> Self:
        """Make an explorer from `state` (a dict or its JSON text).

        Parameters
        ----------
        saved : mapping or str
            Parameters may be left out; they then have their defaults.
        **inputs
            Arguments that a state cannot hold, such as a table.

        Raises
        ------
        StateError
            For another view or version, for unknown parameters, and for missing `inputs`.
        """
        params, needs = state.parse(saved, cls.VIEW, cls.VERSION, cls.PARAMS)
        missing = [name for name in needs if name not in inputs]
        if missing:
            raise state.StateError(
                f"a state must come with the arguments it was made with: {', '.join(missing)}. "
                f"Received none. Write {cls.__name__}.from_state(state, {missing[0]}=...)."
            )
        for name, value in params.items():  # text alone: the first argument can be a table as well
            if isinstance(trait := cls.class_traits()[name], BoundedText):
                trait.validate(None, value)
        return cls(**{**params, **inputs})

    def share_link(self, base: str) -> str:
        """Return a link to `base` that holds the state after "#"; `from_link` reads it."""
        return state.to_link(base, self.state)

    @classmethod
    def from_link(cls, link: str, **inputs: Any) -> Self:
        """Make an explorer from a link of `share_link`."""
        return cls.from_state(state.from_link(link), **inputs)

    def reset(self) -> None:
        """Restore the initial parameters in one step."""
        with self.hold_trait_notifications():
            for name, value in self._initial.items():
                setattr(self, name, value)

    def figure(self, *, dark: bool = False) -> Figure:
        """Return the still picture as a matplotlib figure."""
        return self.draw(self._trace, dark=dark)

    def export_html(self, path: str | Path) -> Path:
        """Write this view as one HTML file that needs no server, network or Python.

        Hovering, stepping and predicting work there. Where the view has a bundle that computes in
        the browser and its inputs can travel (`page_inputs`), its controls work too; elsewhere
        those that need Python are disabled, and say so. The page keeps its state in its link,
        which the key S copies; ``&hide=seed,text`` at the end of it hides controls.
        """
        return html_export.write_html(Path(path), self._page())

    def json_state(self) -> dict[str, Any]:
        """Return what the view shows as JSON, for a host that sends no bytes, such as Streamlit."""
        names = ["_seq", "cursor", "answers", "link_id", "hide", "ask", "_tasks", *self.PARAMS]
        names += self.PAGE_TRAITS
        buffer = base64.b64encode(self.message["buffer"]).decode()
        return {
            **{name: getattr(self, name) for name in names},
            "message": {"header": self.message["header"], "buffer": buffer},
        }

    def json_module(self) -> str:
        """Return JavaScript that shows the view in a host that sends JSON.

        It defines ``view`` and ``mount(view, el, send)``. That gives a function, which is to be
        called with `json_state` at first and after each change; `send` is called with the changes
        that `set_state` takes.
        """
        view = self._esm.replace("export default", "return")
        host = (STATIC / "page" / "json_host.js").read_text(encoding="utf-8")
        mount = host.replace("export default", "const mount =")
        return f"const view = (() => {{\n{view}}})();\n{mount}"

    @property
    def _esm(self) -> str:
        return _bundle(self.VIEW, "js")

    @property
    def _css(self) -> str:
        return _bundle(self.VIEW, "css")

    # --- display ------------------------------------------------------------------------------

    def _png(self) -> bytes:
        if self._still[0] != self._computations:
            self._still = (self._computations, png(self.figure()))
        return self._still[1]

    def _repr_mimebundle_(self, **_: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        data, metadata = super()._repr_mimebundle_() or ({}, {})
        if self.ask:  # a saved output would answer the question where no view is drawn
            return {**data, "text/plain": f"{self.QUESTION}\n{_ASKS}"}, metadata
        still = {"text/plain": self.summary, "image/png": base64.b64encode(self._png()).decode()}
        return {**data, **still}, {**metadata, "image/png": {"alt": self._trace.alt}}

    def __repr__(self) -> str:
        params = ", ".join(f"{name}={value!r}" for name, value in self.params.items())
        return f"{type(self).__name__}({params})"

    def _page(self) -> html_export.Page:
        core = STATIC / "core" / f"{self.VIEW}.js"
        inputs = self.page_inputs() if core.exists() else None
        traits = self.json_state()
        if inputs is None:
            header = html_export.fixed_header(
                self.message["header"], self.OFFLINE_PARAMS, self.external_inputs()
            )
            traits["message"] = {**traits["message"], "header": header}
        return html_export.Page(
            title=self.QUESTION,
            script=self._esm,
            style=self._css,
            traits={**traits, "_tasks": describe_tasks(self.tasks, kernel=False)},
            in_message=self.OFFLINE_PARAMS,
            names=(*self.PARAMS, *self.OTHER_CONTROLS),
            core="" if inputs is None else core.read_text(encoding="utf-8"),
            core_data={} if inputs is None else {"initial": self.initial, "inputs": inputs},
            still=b"" if self.ask else self._png(),
            alt=self._trace.alt,
            summary=self.QUESTION if self.ask else self.summary,
        )


def _bundle(view: str, kind: str) -> str:
    path = STATIC / f"{view}.{kind}"
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise BundleError(
            f"the JavaScript bundle of an explorer must be built. Received no static/{path.name}. "
            "Run `npm ci && npm run build` in the folder js."
        ) from None
