"""What of a LoRA run travels: the rows that are drawn, at every rank, and as many steps as fit."""

import numpy as np

from embedlab.explorers.wire import MOST_BYTES
from embedlab.traces.lora import LoRATrace

__all__ = ["ROWS_DRAWN", "encode_runs", "rows_drawn", "steps_that_fit"]

ROWS_DRAWN = 20
_EARLY = (0, 1, 2, 3)  # much happens at the start
_EVERY = (4, 5, 8, 10, 20, 25, 40, 50, 100, 200)


def rows_drawn(rows: int, seen: np.ndarray) -> np.ndarray:
    """Return the rows that are drawn, sorted: all, or those trained and the first others.

    >>> rows_drawn(64, np.array([40, 50])).tolist()[-3:]
    [17, 40, 50]
    """
    if rows <= ROWS_DRAWN:
        return np.arange(rows)
    others = np.setdiff1d(np.arange(rows), seen)[: ROWS_DRAWN - seen.size]
    return np.sort(np.concatenate([seen, others]))


def steps_that_fit(steps: int, each: int, room: int) -> np.ndarray:
    """Return the steps that travel: the first few, then every fourth, or fewer where that is much.

    Parameters
    ----------
    steps : int
        How many there are beside the start.
    each : int
        Bytes of one.
    room : int
        Bytes for all.

    Examples
    --------
    >>> steps_that_fit(200, 5_000, 100_000).tolist()
    [0, 1, 2, 3, 20, 40, 60, 80, 100, 120, 140, 160, 180, 200]
    """
    for every in _EVERY:
        sent = np.unique([*(e for e in _EARLY if e <= steps), *range(0, steps + 1, every), steps])
        if sent.size * each <= room:
            break
    return sent


def encode_runs(
    trace: LoRATrace, rows: np.ndarray, columns: int, *, spare: int
) -> dict[str, np.ndarray]:
    """Return the arrays of the message; `spare` bytes are left for the header."""
    wanted = np.searchsorted(rows, trace.seen)
    every = np.arange(len(trace.table))
    arrays: dict[str, np.ndarray] = {
        "rows": rows.astype(np.int32),
        "seen": wanted.astype(np.int32),
        "table": trace.table[rows, :columns],
        "delta": trace.delta[rows, :columns],
        "a_start": trace.factors[0][rows],
        "values": trace.values,
        "errors": trace.errors,
        "left": trace.left,
        "first": np.array(list(trace.first_norms.values())),
        "merged": trace.merge_differences,
    }
    ranks = trace.ranks.tolist()
    each = 4 * sum(r * (wanted.size + columns) + rows.size + 4 for r in ranks)
    room = MOST_BYTES - spare - 4 * sum(array.size + 2 for array in arrays.values())
    steps = steps_that_fit(trace.steps, each, room)
    arrays["steps"] = steps.astype(np.int32)
    moved, most = np.zeros((len(ranks), steps.size), np.int32), np.zeros((len(ranks), steps.size))
    unseen = np.setdiff1d(every, trace.seen)
    for k, rank in enumerate(ranks):
        drift = trace.drift_along(steps, every, rank)
        moved[k] = (drift > 0).sum(axis=1)
        most[k] = drift[:, unseen].max(axis=1, initial=0)
        arrays[f"a{rank}"] = trace.a_paths[k][steps]
        arrays[f"b{rank}"] = trace.b_paths[k][steps][..., :columns]
        arrays[f"drift{rank}"] = drift[:, rows]
    arrays |= {"moved": moved, "most": most}
    return {name: _sent(name, array) for name, array in arrays.items()}


def _sent(name: str, array: np.ndarray) -> np.ndarray:
    if array.dtype == np.int32:
        return array
    # A sum that is 1e-17 here may be 0 on another processor: what is sent is alike on all.
    digits = array if name == "merged" else array.round(6)
    return (digits + 0.0).astype(np.float32)
