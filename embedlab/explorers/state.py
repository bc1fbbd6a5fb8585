"""The state of an explorer as a short JSON text, to store, to send, or to put into a link."""

import base64
import json
from collections.abc import Mapping
from typing import Any, NoReturn

__all__ = ["MAX_BYTES", "StateError", "from_link", "parse", "to_dict", "to_link"]

MAX_BYTES = 2_000
_MARK = "embedlab="
_LEVELS_MAX = 5  # of lists and dicts within each other
_BITS_MAX = 10_000  # of an integer: Python writes no larger ones as text


class StateError(ValueError):
    """A state that is too large or cannot be read."""


def to_dict(view: str, version: int, params: Mapping[str, Any], needs: list[str]) -> dict[str, Any]:
    """Return the state of a view as plain JSON of at most 2 kB.

    Examples
    --------
    >>> to_dict("lookup", 1, {"seed": 7}, [])
    {'view': 'lookup', 'version': 1, 'params': {'seed': 7}}
    """
    state: dict[str, Any] = {"view": view, "version": version, "params": dict(params)}
    if needs:
        state["needs"] = list(needs)
    size = len(_json(state))
    if size > MAX_BYTES:
        longest = max(params, key=lambda name: len(_json(params[name])))
        raise StateError(
            f"a state must have at most {MAX_BYTES} bytes. Received {size}, most of it {longest}. "
            f"Shorten {longest}."
        )
    return state


def parse(
    state: Mapping[str, Any] | str, view: str, version: int, params: tuple[str, ...]
) -> tuple[dict[str, Any], list[str]]:
    """Return the parameters of a state, and the names of the arguments that it needs.

    Parameters
    ----------
    state : mapping or str
        The result of `to_dict`, or the same as JSON text. Parameters may be missing.
    view, version : str, int
        View and version of the explorer.
    params : tuple of str
        The known parameters.

    Raises
    ------
    StateError
        For another view or version, and for unknown keys.

    Examples
    --------
    >>> parse('{"view": "lookup", "version": 1, "params": {"seed": 8}}', "lookup", 1, ("seed",))
    ({'seed': 8}, [])
    >>> parse({"view": "lookup", "version": 2, "params": {}}, "lookup", 1, ())
    Traceback (most recent call last):
    embedlab.explorers.state.StateError: a state must have version 1. Received 2. \
Update embedlab, or copy the state again.
    """
    state = _mapping(state)
    if state.get("view") != view:
        _refuse(f"be of the view {view!r}", state.get("view"), "Use the explorer of that view")
    if state.get("version") != version or isinstance(state["version"], bool):
        cure = "Update embedlab, or copy the state again"
        _refuse(f"have version {version}", state.get("version"), cure)
    if "changes" in state:
        cure = "Open it in a browser"
        _refuse("hold its parameters", "the link of a page, with what was changed there", cure)
    values = state.get("params", {})
    if not isinstance(values, Mapping):
        _refuse("hold its parameters as a dict", values, "Copy the state again")
    unknown = [*(set(state) - {"view", "version", "params", "needs"}), *(set(values) - {*params})]
    if unknown:
        known = f"Known are {', '.join(params)}"
        _refuse("hold known parameters only", ", ".join(sorted(map(str, unknown))), known)
    needs = state.get("needs", [])
    if not isinstance(needs, list) or not all(isinstance(need, str) for need in needs):
        _refuse("hold the names of its arguments as a list", needs, "Copy the state again")
    return dict(values), needs


def to_link(base: str, state: Mapping[str, Any]) -> str:
    """Return a link to `base` with the state after "#", where no server sees it.

    Examples
    --------
    >>> link = to_link("https://example.org/lab#top", {"view": "lookup"})
    >>> link
    'https://example.org/lab#embedlab=eyJ2aWV3IjoibG9va3VwIn0'
    >>> from_link(link)
    {'view': 'lookup'}
    """
    encoded = base64.urlsafe_b64encode(_json(state)).decode().rstrip("=")
    return f"{base.split('#')[0]}#{_MARK}{encoded}"


def from_link(link: str) -> dict[str, Any]:
    """Return the state of a link of `to_link`."""
    parts = link.partition("#")[2].split("&")  # a page can hide controls: "&hide=seed"
    try:
        [encoded] = (part.removeprefix(_MARK) for part in parts if part.startswith(_MARK))
        encoded += "=" * (-len(encoded) % 4)
        content = base64.b64decode(encoded, altchars=b"-_", validate=True)
        if len(content) > MAX_BYTES:
            raise ValueError
        return _mapping(content.decode())
    except ValueError as error:  # bad base64 and bad UTF-8 are ValueErrors too
        raise StateError(
            f"a link must end in #{_MARK} and a state of at most {MAX_BYTES} bytes. "
            f"Received {link!r:.60}. Copy the whole link."
        ) from error


def _mapping(state: Mapping[str, Any] | str) -> dict[str, Any]:
    if isinstance(state, str):
        try:
            state = json.loads(state, parse_constant=_refuse_constant)
        except (ValueError, RecursionError) as error:
            _refuse("be JSON", state, "Copy the whole text", error)
    if not isinstance(state, Mapping):
        _refuse("be a dict or JSON text", state, "Pass explorer.state")
    if not _is_plain(state, _LEVELS_MAX):
        received = "one that is nested deeper, or a larger integer"
        raise StateError(
            f"a state must be at most {_LEVELS_MAX} levels deep, with integers that can be "
            f"written. Received {received}. Copy the state again."
        )
    return dict(state)


def _is_plain(value: Any, levels: int) -> bool:
    """Return whether `repr` of a value ends without an error."""
    if isinstance(value, Mapping):
        value = list(value.values())
    if isinstance(value, (list, tuple)):
        return levels > 0 and all(_is_plain(item, levels - 1) for item in value)
    return not isinstance(value, int) or value.bit_length() < _BITS_MAX


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _json(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def _refuse(condition: str, received: Any, cure: str, cause: Exception | None = None) -> NoReturn:
    raise StateError(f"a state must {condition}. Received {received!r:.60}. {cure}.") from cause
