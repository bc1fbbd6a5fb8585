"""Skip-gram with negative sampling: word vectors from a stream of ids.

Each word of the stream draws the vectors of its context words towards its own context vector, and
pushes them away from the context vectors of a few random negatives. The negatives are sampled once
for a position and shared by all its context words, so that a position is a few small matrix
products, which stay in registers three words by six targets at a time. Each word uses the targets
as updated by the words before it, as in a sequential update: a few more products, of the three
words with each other, correct the scores.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from embedlab.core.checks import DivergenceError, check_in_range, check_size, check_table_bytes
from embedlab.core.jit import compile_parallel, kernel, prange, prefetch
from embedlab.core.skipgram.sampling import alias_table, subsampling_probability, token_stream

__all__ = [
    "SkipgramStep",
    "skipgram",
    "skipgram_kernel",
    "skipgram_kernel_parallel",
    "skipgram_reference",
    "train_skipgram",
]

CHUNK = 20_000
"""Words between two steps of the generator, for each thread."""

WIDEST = 1024
"""The longest vector: it fixes the width of the scratch rows below."""

MOST = 1024
"""The widest window, and the most negatives and threads: they fix the size of the scratch."""

# A scratch row is one cache line longer than the longest vector, so that the rows of one position
# do not all fall into the same cache set. TARGETS of them are worked on together.
STRIDE = WIDEST + 16
WORDS, TARGETS = 3, 6
S1, S2, S3, S4, S5 = (np.uint64(k * STRIDE) for k in range(1, TARGETS))
DX = np.uint64(WORDS * STRIDE)

_REACH = 8.0
_CELLS = 512
_SIGMOID = (1 / (1 + np.exp(-np.linspace(-_REACH, _REACH, _CELLS + 1)))).astype(np.float32)


@dataclass(frozen=True)
class SkipgramStep:
    """Progress of `skipgram` after a chunk of words.

    Attributes
    ----------
    words, of : int
        How many words have been read, of how many in all epochs.
    rate : float
        The learning rate at the end of the chunk.
    loss : float
        Mean loss of a (word, target) pair, over one position in sixteen; NaN without any.
    table, context : ndarray, (V, D) float32
        The vectors being trained. The next step changes them: copy to keep them.
    """

    words: int
    of: int
    rate: float
    loss: float
    table: np.ndarray
    context: np.ndarray


def skipgram_reference(
    stream: np.ndarray,
    first: int,
    last: int,
    workers: int,
    keep: np.ndarray,
    alias: np.ndarray,
    odds: np.ndarray,
    table: np.ndarray,
    context: np.ndarray,
    window: int,
    negative: int,
    rate: float,
    rate_end: float,
    sigmoid: np.ndarray,
    state: np.ndarray,
    scratch: np.ndarray,
    stats: np.ndarray,
) -> None:
    """Reference implementation in NumPy: the same draws and products, position by position."""
    for worker in range(workers):
        bits = _bits(state, worker)
        part = stream[_cut(first, last, workers, worker) : _cut(first, last, workers, worker + 1)]
        places = [n for n, w in enumerate(part) if w < 0 or (next(bits) >> 40) / 2**24 < keep[w]]
        words = part[places].tolist()
        for at, center in enumerate(words):
            if center < 0:
                continue
            reach = window - ((next(bits) >> 32) * window >> 32)
            around = _side(words[max(at - reach, 0) : at][::-1])
            around += _side(words[at + 1 : at + 1 + reach])
            targets = [center]
            for _ in range(negative):
                draw = next(bits)
                other = (draw >> 32) * len(odds) >> 32
                if (draw >> 8 & 0xFFFFFF) / 2**24 >= odds[other]:
                    other = alias[other]
                if other not in targets:
                    targets.append(other)
            if not around:
                continue
            label = np.arange(len(targets)) == 0
            now = np.float32(rate + (rate_end - rate) * at / len(words))
            x, t = table[around], context[targets]  # (C, D), (K, D)
            for c, word in enumerate(around):
                probability = _sigmoid_reference(t @ x[c], sigmoid)
                push = now * (label.astype(np.float32) - probability)
                if np.isnan(push).any():
                    stats[worker, 2:] = places[at] + 1, rate + (rate_end - rate) * at / len(words)
                    return
                table[word] += push @ t
                t += push[:, None] * x[c]
                if at % 16 == 0:
                    loss = -np.log(np.where(label, probability, 1 - probability)).sum()
                    stats[worker, :2] += loss, probability.size
            context[targets] = t


@kernel
def _draw_kernel(part, keep, alias, odds, window, state, words, places, reach, targets):
    """Sample the words of a slice to keep, the window of each, and its negatives.

    Before the training, so that the rows of the next position can be prefetched. A negative that
    is already a target of its position becomes -1. Returns how many words are kept; `places` gets
    their positions in the slice.
    """
    bits = state[0]
    count = 0
    for n in range(part.size):
        word = part[n]
        if word >= 0:
            bits = _next_kernel(bits)
            if np.float32(_mix_kernel(bits) >> np.uint64(40)) * np.float32(2**-24) >= keep[word]:
                continue
        words[count] = word
        places[count] = n
        count += 1
    for at in range(count):
        if words[at] < 0:
            continue
        bits = _next_kernel(bits)
        reach[at] = window - _below_kernel(bits, window)
        targets[at, 0] = words[at]
        for k in range(1, targets.shape[1]):
            bits = _next_kernel(bits)
            other = np.int32(_below_kernel(bits, odds.size))
            low = np.int64((_mix_kernel(bits) >> np.uint64(8)) & np.uint64(0xFFFFFF))
            if np.float32(low) * np.float32(2**-24) >= odds[other]:
                other = alias[other]
            for j in range(k):
                if targets[at, j] == other:
                    other = np.int32(-1)
            targets[at, k] = other
    state[0] = bits
    return count


@kernel
def _context_window(words, count, at, reach, around):
    """Write into `around` the words in the window, within the sentence; return their number."""
    width = 0
    for m in range(at - 1, max(at - reach, 0) - 1, -1):
        if words[m] < 0:
            break
        around[width] = words[m]
        width += 1
    for m in range(at + 1, min(at + reach, count - 1) + 1):
        if words[m] < 0:
            break
        around[width] = words[m]
        width += 1
    return width


@kernel
def _train_kernel(
    words,
    places,
    count,
    reach,
    targets,
    table,
    context,
    rate,
    rate_end,
    sigmoid,
    around,
    buf,
    stats,
):
    """Train on the words of a slice, in order, with the scratch rows of one worker.

    Ends at the first word with a score of NaN, and writes its position and rate into `stats`.
    """
    push = np.zeros((WORDS, TARGETS), np.float32)
    between = np.empty((WORDS, WORDS), np.float32)
    live = np.zeros(TARGETS, np.float32)
    dim = np.uint64((table.shape[1] + 15) // 16 * 16)  # the scratch is zero beyond D
    groups = (targets.shape[1] + TARGETS - 1) // TARGETS
    # Scratch: the rows of the targets, which change at once; then for each three words their rows,
    # and what these change by. Fixed distances let the compiler see that nothing overlaps (checks
    # cost 80 ns a tile).
    x0 = groups * TARGETS
    slope = (rate_end - rate) / max(count, 1)
    for at in range(count):
        if words[at] < 0:
            continue
        ahead = min(at + 2, count - 1)
        for k in range(targets.shape[1]):
            for d in range(0, table.shape[1], 16):
                prefetch(context, max(targets[ahead, k], 0), d)
        width = _context_window(words, count, at, reach[at], around)
        for k in range(groups * TARGETS):
            row = targets[at, k] if k < targets.shape[1] else -1
            _load_kernel(context, np.uint64(max(row, 0)), buf, np.uint64(k * STRIDE))
        for c in range(width):
            x = _scratch_offset(x0, c)
            _load_kernel(table, np.uint64(around[c]), buf, x)
        now = np.float32(rate + slope * at)
        for k in range(0, groups * TARGETS, TARGETS):
            t = np.uint64(k * STRIDE)
            label = np.float32(1.0) if k == 0 else np.float32(0.0)
            for j in range(TARGETS):
                real = k + j < targets.shape[1] and targets[at, k + j] >= 0
                live[j] = now if real else np.float32(0.0)
            for c in range(0, width, WORDS):
                x = _scratch_offset(x0, c)
                _scores_kernel(buf, t, x, dim, push, between)
                _logit_gradients(
                    push, between, live, width - c, label, sigmoid, at % 16 == 0, stats
                )
                if np.isnan(between[0, 1] + between[1, 2]):
                    stats[2] = places[at] + 1
                    stats[3] = rate + slope * at  # as a double: single precision may overflow here
                    return
                _apply_kernel(buf, t, x, dim, push, between, k == 0)
        for k in range(targets.shape[1]):
            if targets[at, k] >= 0:
                _store_kernel(buf, np.uint64(k * STRIDE), context, np.uint64(targets[at, k]))
        for c in range(width):
            _add_kernel(buf, _scratch_offset(x0, c) + DX, table, np.uint64(around[c]))


@kernel
def _scratch_offset(first, word):
    """Return where the row of a word begins in the scratch, after `first` rows."""
    return np.uint64((first + word // WORDS * 2 * WORDS + word % WORDS) * STRIDE)


@kernel
def _load_kernel(table, row, buf, place):
    """Copy a row of a table into the scratch, without a view: views are counted, atomically."""
    for d in range(np.uint64(table.shape[1])):
        buf[place + d] = table[row, d]


@kernel
def _store_kernel(buf, place, table, row):
    """Copy a row back from the scratch."""
    for d in range(np.uint64(table.shape[1])):
        table[row, d] = buf[place + d]


@kernel
def _add_kernel(buf, change, table, row):
    """Add a change to its row of a table."""
    for d in range(np.uint64(table.shape[1])):
        table[row, d] += buf[change + d]


@kernel(reductions=True)
def _scores_kernel(buf, t, x, dim, push, between):
    """Write 18 dot products of three words and six targets to `push`, of the words to `between`.

    Indices are unsigned: with signed ones Numba guards against negative indices at every step, and
    the loop is five times slower because it cannot be vectorized.
    """
    s00 = s01 = s02 = s03 = s04 = s05 = np.float32(0.0)
    s10 = s11 = s12 = s13 = s14 = s15 = np.float32(0.0)
    s20 = s21 = s22 = s23 = s24 = s25 = np.float32(0.0)
    b01 = b02 = b12 = np.float32(0.0)
    for d in range(dim):
        x0 = buf[x + d]
        x1 = buf[x + S1 + d]
        x2 = buf[x + S2 + d]
        b01 += x0 * x1
        b02 += x0 * x2
        b12 += x1 * x2
        y = buf[t + d]
        s00 += x0 * y
        s10 += x1 * y
        s20 += x2 * y
        y = buf[t + S1 + d]
        s01 += x0 * y
        s11 += x1 * y
        s21 += x2 * y
        y = buf[t + S2 + d]
        s02 += x0 * y
        s12 += x1 * y
        s22 += x2 * y
        y = buf[t + S3 + d]
        s03 += x0 * y
        s13 += x1 * y
        s23 += x2 * y
        y = buf[t + S4 + d]
        s04 += x0 * y
        s14 += x1 * y
        s24 += x2 * y
        y = buf[t + S5 + d]
        s05 += x0 * y
        s15 += x1 * y
        s25 += x2 * y
    push[0, 0], push[0, 1], push[0, 2], push[0, 3], push[0, 4], push[0, 5] = (
        s00,
        s01,
        s02,
        s03,
        s04,
        s05,
    )
    push[1, 0], push[1, 1], push[1, 2], push[1, 3], push[1, 4], push[1, 5] = (
        s10,
        s11,
        s12,
        s13,
        s14,
        s15,
    )
    push[2, 0], push[2, 1], push[2, 2], push[2, 3], push[2, 4], push[2, 5] = (
        s20,
        s21,
        s22,
        s23,
        s24,
        s25,
    )
    between[0, 1], between[0, 2], between[1, 2] = b01, b02, b12


@kernel
def _logit_gradients(push, between, live, width, label, sigmoid, watch, stats):
    """Turn scores into rate * (label - probability), zero where the tile is padded; add the loss.

    `live` has the rate, or 0 for a padded target; `label` is that of the first target. A word
    before has changed a target by its push times itself, and so a score by its push times the
    dot product of the two words. `between` then gets what the words add to each other. A NaN
    among the pushes is also in one of these sums, because 0 times NaN is NaN.
    """
    for c in range(WORDS):
        if c >= width:
            for j in range(TARGETS):
                push[c, j] = 0.0
            continue
        for b in range(c):
            for j in range(TARGETS):
                push[c, j] += push[b, j] * between[b, c]
        for j in range(TARGETS):
            push[c, j] = -_sigmoid(push[c, j], sigmoid)
        push[c, 0] += label
        if watch:
            _add_loss(push[c], live, stats)
        for j in range(TARGETS):
            push[c, j] *= live[j]
    for c in range(1, WORDS):
        for b in range(c):
            total = np.float32(0.0)
            for j in range(TARGETS):
                total += push[b, j] * push[c, j]
            between[b, c] = total


@kernel
def _add_loss(errors, live, stats):
    """Add the loss of one word to `stats`; its errors are label - probability."""
    for j in range(TARGETS):
        if live[j] > 0:
            stats[0] -= np.log(1 - abs(errors[j]))
            stats[1] += 1


@kernel(reductions=True)
def _apply_kernel(buf, t, x, dim, push, between, first):
    """Add the 18 updates to the changes of three words, and to six targets.

    Two passes: one would have four times as many pairs of rows to be checked for overlap.
    """
    g00, g01, g02, g03, g04, g05 = (
        push[0, 0],
        push[0, 1],
        push[0, 2],
        push[0, 3],
        push[0, 4],
        push[0, 5],
    )
    g10, g11, g12, g13, g14, g15 = (
        push[1, 0],
        push[1, 1],
        push[1, 2],
        push[1, 3],
        push[1, 4],
        push[1, 5],
    )
    g20, g21, g22, g23, g24, g25 = (
        push[2, 0],
        push[2, 1],
        push[2, 2],
        push[2, 3],
        push[2, 4],
        push[2, 5],
    )
    h01, h02, h12 = between[0, 1], between[0, 2], between[1, 2]
    dx = x + DX
    if first:  # nothing to add to, so nothing has to be cleared
        for d in range(dim):
            y0, y1, y2 = buf[t + d], buf[t + S1 + d], buf[t + S2 + d]
            y3, y4, y5 = buf[t + S3 + d], buf[t + S4 + d], buf[t + S5 + d]
            x0, x1 = buf[x + d], buf[x + S1 + d]
            one = g10 * y0 + g11 * y1 + g12 * y2 + g13 * y3 + g14 * y4 + g15 * y5
            two = g20 * y0 + g21 * y1 + g22 * y2 + g23 * y3 + g24 * y4 + g25 * y5
            buf[dx + d] = g00 * y0 + g01 * y1 + g02 * y2 + g03 * y3 + g04 * y4 + g05 * y5
            buf[dx + S1 + d] = one + h01 * x0
            buf[dx + S2 + d] = two + h02 * x0 + h12 * x1
    else:
        for d in range(dim):
            y0, y1, y2 = buf[t + d], buf[t + S1 + d], buf[t + S2 + d]
            y3, y4, y5 = buf[t + S3 + d], buf[t + S4 + d], buf[t + S5 + d]
            x0, x1 = buf[x + d], buf[x + S1 + d]
            one = g10 * y0 + g11 * y1 + g12 * y2 + g13 * y3 + g14 * y4 + g15 * y5
            two = g20 * y0 + g21 * y1 + g22 * y2 + g23 * y3 + g24 * y4 + g25 * y5
            buf[dx + d] += g00 * y0 + g01 * y1 + g02 * y2 + g03 * y3 + g04 * y4 + g05 * y5
            buf[dx + S1 + d] += one + h01 * x0
            buf[dx + S2 + d] += two + h02 * x0 + h12 * x1
    for d in range(dim):
        x0, x1, x2 = buf[x + d], buf[x + S1 + d], buf[x + S2 + d]
        buf[t + d] += g00 * x0 + g10 * x1 + g20 * x2
        buf[t + S1 + d] += g01 * x0 + g11 * x1 + g21 * x2
        buf[t + S2 + d] += g02 * x0 + g12 * x1 + g22 * x2
        buf[t + S3 + d] += g03 * x0 + g13 * x1 + g23 * x2
        buf[t + S4 + d] += g04 * x0 + g14 * x1 + g24 * x2
        buf[t + S5 + d] += g05 * x0 + g15 * x1 + g25 * x2


@kernel
def _sigmoid(score, sigmoid):
    """Return the sigmoid of a score from a table of 512 cells, interpolated (error < 2e-5).

    A score of NaN gives NaN, from the first cell: as an index it would crash the process.
    """
    place = (score + np.float32(_REACH)) * np.float32(_CELLS / (2 * _REACH))
    place = min(max(place, np.float32(0.0)), np.float32(_CELLS - 1e-3))  # NaN stays NaN here,
    cell = np.uint32(max(np.float32(0.0), place))  # and becomes 0 here
    share = place - np.float32(cell)
    return sigmoid[cell] + share * (sigmoid[cell + np.uint32(1)] - sigmoid[cell])


@kernel
def _next_kernel(bits):
    """Return the next random state (xorshift, 64 bits)."""
    bits ^= bits >> np.uint64(12)
    bits ^= bits << np.uint64(25)
    bits ^= bits >> np.uint64(27)
    return bits


@kernel
def _mix_kernel(bits):
    """Return 64 well-mixed bits of the random state."""
    return bits * np.uint64(0x2545F4914F6CDD1D)


@kernel
def _below_kernel(bits, size):
    """Return a random integer in 0..size-1."""
    return np.int64(((_mix_kernel(bits) >> np.uint64(32)) * np.uint64(size)) >> np.uint64(32))


@kernel
def skipgram_kernel(
    stream,
    first,
    last,
    workers,
    keep,
    alias,
    odds,
    table,
    context,
    window,
    negative,
    rate,
    rate_end,
    sigmoid,
    state,
    scratch,
    stats,
):
    """Train `table` and `context` in place on `stream[first:last]`, a slice for each worker."""
    for worker in prange(workers):
        part = stream[
            first + (last - first) * worker // workers : first
            + (last - first) * (worker + 1) // workers
        ]
        words = np.empty(part.size, np.int32)
        places = np.empty(part.size, np.int32)
        reach = np.empty(part.size, np.int32)
        targets = np.full((part.size, negative + 1), -1, np.int32)
        around = np.empty(2 * window, np.int32)
        count = _draw_kernel(
            part,
            keep,
            alias,
            odds,
            window,
            state[worker : worker + 1],
            words,
            places,
            reach,
            targets,
        )
        _train_kernel(
            words,
            places,
            count,
            reach,
            targets,
            table,
            context,
            rate,
            rate_end,
            sigmoid,
            around,
            scratch[worker],
            stats[worker],
        )


skipgram_kernel_parallel = compile_parallel(skipgram_kernel)


def skipgram(
    ids: Any,
    input_dim: int,
    output_dim: int,
    *,
    window: int = 5,
    negative: int = 5,
    subsample: float = 1e-3,
    rate: float = 0.025,
    rate_end: float = 1e-4,
    epochs: int = 5,
    starts: Any = None,
    seed: int = 0,
    threads: int = 1,
    chunk: int = CHUNK,
) -> Iterator[SkipgramStep]:
    """Train word vectors on a stream of ids, yielding after each chunk of words.

    Parameters
    ----------
    ids : array_like, (N,) int, 0 <= id < V
        The text, word by word.
    input_dim, output_dim : int
        V and D. D is at most 1024.
    window : int
        Most words on each side that are context; the width of each position is random, 1..window.
    negative : int
        Negatives for each position, with probability ~ count ** 0.75.
    subsample : float
        A word of frequency f is kept with probability (sqrt(f / s) + 1) * s / f; 0 keeps all.
    rate, rate_end : float
        The learning rate falls linearly from one to the other over all epochs.
    epochs : int
    starts : array_like of int, optional
        Where sentences begin (rising, from 0): no window reaches across.
    seed : int
    threads : int
        With one, the result is the same to the bit on every run. With several, they train one
        table without locks: updates of the same row may overwrite each other, so runs differ
        slightly, at equal quality.
    chunk : int
        Words of one thread between two steps.

    Yields
    ------
    SkipgramStep
        Its `table` (V, D) float32 is being trained.

    Raises
    ------
    IdError, ValueError
        At the call.
    DivergenceError
        While training, a FloatingPointError: a score overflowed, because the rate is too large.

    Notes
    -----
    Source: Mikolov et al., "Distributed Representations of Words and Phrases and their
    Compositionality" (2013), section 2.2 and 2.3; negatives shared by a position as in Ji et al.,
    "Parallelizing Word2Vec in Shared and Distributed Memory" (2016), section 3. On purpose
    different: one target is used once per position.

    Examples
    --------
    >>> ids = [0, 1, 0, 1, 2, 3, 2, 3] * 200
    >>> for step in skipgram(ids, 4, 8, subsample=0, epochs=3, seed=1):
    ...     pass
    >>> step.words, step.of, step.table.shape
    (4800, 4800, (4, 8))
    """
    input_dim = check_size(input_dim, "input_dim")
    output_dim = check_size(output_dim, "output_dim", most=WIDEST)
    window = check_size(window, "window", most=MOST)
    threads = check_size(threads, "threads", most=MOST)
    negative = check_size(negative, "negative", least=0, most=MOST)
    epochs, chunk = check_size(epochs, "epochs"), check_size(chunk, "chunk")
    seed = check_size(seed, "seed", least=0)
    rate, rate_end, subsample = (
        check_in_range(value, name, np.inf)
        for name, value in (("rate", rate), ("rate_end", rate_end), ("subsample", subsample))
    )
    check_table_bytes(input_dim, output_dim, np.float32, "input_dim")
    stream, counts = token_stream(ids, input_dim, starts)
    return _train(
        stream,
        counts,
        output_dim,
        window,
        negative,
        subsample,
        rate,
        rate_end,
        epochs,
        seed,
        threads,
        chunk,
    )


def train_skipgram(ids: Any, input_dim: int, output_dim: int, **options: Any) -> SkipgramStep:
    """Run `skipgram` to its end and return the last step.

    >>> train_skipgram([0, 1, 0, 1], 2, 4, epochs=1).table.shape
    (2, 4)
    """
    *_, last = skipgram(ids, input_dim, output_dim, **options)
    return last


def _diverged(step: int, of: int, rate: float) -> DivergenceError:
    return DivergenceError(
        f"the vectors must stay finite. Received NaN or infinity at word {step} of {of}, with the "
        f"learning rate {rate:.6g}. Train again with a smaller rate, such as 0.025.",
        step,
        rate,
    )


def _train(
    stream: np.ndarray,
    counts: np.ndarray,
    dim: int,
    window: int,
    negative: int,
    subsample: float,
    rate: float,
    rate_end: float,
    epochs: int,
    seed: int,
    workers: int,
    chunk: int,
) -> Iterator[SkipgramStep]:
    rng = np.random.default_rng(seed)
    # -1/D..1/D: with half that, five epochs of 300 000 words end measurably worse, because the
    # context starts at zero and grows in proportion to this.
    table = (rng.random((len(counts), dim), np.float32) * 2 - 1) / np.float32(dim)
    context = np.zeros_like(table)
    state = rng.integers(1, 2**63, size=workers, dtype=np.uint64)
    alias, odds = alias_table(counts**0.75)
    keep = subsampling_probability(counts, subsample)
    padded = (negative + TARGETS) // TARGETS * TARGETS  # targets
    scratch = np.zeros((workers, (padded + 4 * window + 4 * WORDS) * STRIDE), np.float32)
    run = skipgram_kernel_parallel if workers > 1 else skipgram_kernel
    size = len(stream)
    words = np.concatenate([[0], np.cumsum(stream >= 0)])
    of = epochs * words[-1]
    for epoch in range(epochs):
        for first in range(0, size, chunk * workers):
            last = min(first + chunk * workers, size)
            done = (epoch * size + first) / (epochs * size)
            then = (epoch * size + last) / (epochs * size)
            stats = np.zeros((workers, 4))  # loss, pairs; the word that diverged + 1, its rate
            now, later = (rate + (rate_end - rate) * share for share in (done, then))
            run(
                stream,
                first,
                last,
                workers,
                keep,
                alias,
                odds,
                table,
                context,
                window,
                negative,
                now,
                later,
                _SIGMOID,
                state,
                scratch,
                stats,
            )
            for worker in np.flatnonzero(stats[:, 2]):
                at = _cut(first, last, workers, int(worker)) + int(stats[worker, 2]) - 1
                step = epoch * words[-1] + words[at]
                raise _diverged(int(step), int(of), float(stats[worker, 3]))
            # a row that overflowed at its last use is in no later score
            ended = last == size and epoch == epochs - 1
            if ended and not (np.isfinite(table).all() and np.isfinite(context).all()):
                raise _diverged(int(of), int(of), later)
            loss, pairs = stats[:, :2].sum(axis=0)
            yield SkipgramStep(
                int(epoch * words[-1] + words[last]),
                int(of),
                later,
                float(loss / pairs) if pairs else float("nan"),
                table,
                context,
            )


def _bits(state: np.ndarray, worker: int) -> Iterator[int]:
    """Yield mixed random bits as Python integers, moving `state[worker]` on."""
    bits = int(state[worker])
    while True:
        bits ^= bits >> 12
        bits ^= bits << 25 & 0xFFFF_FFFF_FFFF_FFFF
        bits ^= bits >> 27
        state[worker] = bits
        yield bits * 0x2545F4914F6CDD1D & 0xFFFF_FFFF_FFFF_FFFF


def _cut(first: int, last: int, workers: int, worker: int) -> int:
    return first + (last - first) * worker // workers


def _side(words: list[int]) -> list[int]:
    end = next((i for i, w in enumerate(words) if w < 0), len(words))
    return list(words[:end])


def _sigmoid_reference(scores: np.ndarray, sigmoid: np.ndarray) -> np.ndarray:
    return np.interp(scores, np.linspace(-_REACH, _REACH, _CELLS + 1), sigmoid).astype(np.float32)
