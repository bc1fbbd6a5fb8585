"""The formula of every number that a view names, in plain NumPy.

Nothing here comes from the package: the arguments are raw tables, ids and parameters. A function
for each view returns its numbers under the names that `test_random_states` gives them; a label
without a number ("—" on the screen) is None.
"""

import numpy as np

# --- lookup --------------------------------------------------------------------------------------


def lookup(table, ids, oob):
    """Return the shapes and the cost of a lookup by gather and by one-hot matmul."""
    (height, width), count = table.shape, len(ids)
    outside = (ids < 0) | (ids >= height)
    numbers = {"ids": (count,), "table": (height, width), "parameters": height * width, "V": height}
    cost = ("output", "rows read", "bytes moved", "gather", "one-hot", "difference")
    if (oob == "raise" and outside.any()) or (oob != "wrap" and (ids < 0).any()):
        return numbers | dict.fromkeys(cost)
    if oob in ("clip", "wrap"):
        ids = np.clip(ids, 0, height - 1) if oob == "clip" else ids % height
        outside = np.zeros(count, bool)
    onehot = np.eye(height)[np.where(outside, 0, ids)]
    products = onehot @ table.astype(np.float64)
    gathered = table[np.where(outside, 0, ids)]
    difference = np.abs(products - gathered)[~outside].max(initial=0)
    return numbers | {
        "output": (count, width),
        "rows read": len(set(ids[~outside].tolist())),
        "bytes moved": count * width * table.itemsize,
        "gather": 0,
        "one-hot": count * height * width,
        "difference": float(difference),
    }


# --- gradient ------------------------------------------------------------------------------------

STEPS = 10.0 ** -np.arange(13)


def gradient(table, ids, target, mode, rule, padding_idx, digits, weight, checked):
    """Return the loss, the rows with a gradient, and the check of it by central differences."""
    tied = mode == "tied"
    height, width = table.shape

    def loss(weights):
        if not tied:
            return float(np.log(np.cosh(weights[ids] - target)).sum())
        scores = weights[ids[:-1]] @ weights.T
        high = scores.max(axis=1, initial=-np.inf, keepdims=True)
        total = high[:, 0] + np.log(np.exp(scores - high).sum(axis=1))
        return float((total - scores[np.arange(len(scores)), ids[1:]]).sum())

    dense = np.zeros((height, width))
    if tied:
        scores = table[ids[:-1]] @ table.T
        softmax = np.exp(scores - scores.max(axis=1, initial=-np.inf, keepdims=True))
        softmax /= softmax.sum(axis=1, keepdims=True)
        softmax[np.arange(len(softmax)), ids[1:]] -= 1
        dense += softmax.T @ table[ids[:-1]]  # the table as the output projection
        senders, grads = ids[:-1], softmax @ table
    else:
        senders, grads = ids, np.tanh(table[ids] - target)
        if mode == "padding":
            senders, grads = senders[ids != padding_idx], grads[ids != padding_idx]
        if mode == "frequency":  # the sum becomes the mean; the last is divided too
            grads = grads / np.bincount(senders, minlength=height)[senders][:, None]
    if rule == "add":
        for row, grad in zip(senders, grads, strict=True):
            dense[row] += grad
    else:
        last = {int(row): grad for row, grad in zip(senders, grads, strict=True)}
        for row, grad in last.items():
            dense[row] += grad

    def numeric(row, column, step):
        moved = [table.copy(), table.copy()]
        moved[0][row, column] += step
        moved[1][row, column] -= step
        return (loss(moved[0]) - loss(moved[1])) / (2 * step)

    rows, columns = checked
    worst = []
    for step in STEPS:
        each = np.array([numeric(r, c, step) for r in rows for c in range(columns)])
        each = each.reshape(len(rows), columns)  # no row at all, where the only one is padding
        analytic = dense[rows, :columns]
        largest = max(np.abs(each).max(initial=0), np.abs(analytic).max(initial=0)) or 1
        worst.append(np.abs(each - analytic).max(initial=0) / largest)
        if step == STEPS[digits]:
            here = largest
    counts = np.bincount(senders, minlength=height)
    row, column = weight
    is_checked = row in rows and column < columns
    analytic = dense[row, column] if is_checked else None
    central = numeric(row, column, STEPS[digits]) if is_checked else None
    busiest = int(counts.argmax()) if counts.any() else None
    return {
        "N": len(ids),
        "V": height,
        "D": width,
        "loss": loss(table),
        "rows": height if tied and len(ids) > 1 else int((counts > 0).sum()),
        "busiest": busiest,
        "its count": None if busiest is None else int(counts[busiest]),
        "analytic": analytic,
        "numerical": central,
        "relative error": abs(analytic - central) / here if is_checked else None,
        "pass": bool(min(worst) <= 1e-6),
    }


# --- quantization --------------------------------------------------------------------------------

EPSILON = np.float32(1e-7)


def quantized(table, bits, block=None):
    """Return a table as float32 after quantization, and its bytes."""
    height, width = table.shape
    low, high = (-127, 127) if bits == 8 else (-8, 7)
    packed = height * (width if bits == 8 else -(-width // 2))
    if block is None:
        scale = np.float32(high) / (np.abs(table).max(axis=1, keepdims=True) + EPSILON)
        codes = np.clip(np.rint(table * scale), low, high)
        return (codes / scale).astype(np.float32), packed + 4 * height
    restored = np.empty_like(table)
    starts = range(0, width, block)
    for start in starts:
        part = table[:, start : start + block]
        least = np.minimum(part.min(axis=1, keepdims=True), 0)
        most = np.maximum(part.max(axis=1, keepdims=True), 0)
        step = (most - least + EPSILON) / np.float32(high - low)
        zero = np.clip(np.rint(-least / step) + low, low, high)
        codes = np.clip(np.rint(part / step) + zero, low, high)
        restored[:, start : start + block] = (codes - zero) * step
    return restored, packed + 5 * height * len(starts)  # a float32 and an int8 for each group


def nearest_rows(table, row, count):
    """Return the rows with the largest cosine to a row, without itself."""
    wide = table.astype(np.float64)
    lengths = np.linalg.norm(wide, axis=1)
    cosines = wide @ wide[row] / np.where(lengths == 0, 1, lengths)
    cosines[row] = -np.inf
    return np.argsort(-cosines, kind="stable")[:count]


def quantize(table, row, block):
    """Return bytes, the largest error of a row, and the neighbors kept, of each scheme."""
    count = min(5, len(table) - 1)
    before = nearest_rows(table, row, count)
    grown = table.copy()
    grown[row, np.abs(table[row]).argmax()] *= 10
    numbers = {"floats": table.nbytes, "near": count}
    for name, options in {"int8": (8,), "int4": (4,), "groups": (4, block)}.items():
        restored, nbytes = quantized(table, *options)
        again, _ = quantized(grown, *options)
        numbers |= {
            f"bytes {name}": nbytes,
            f"error {name}": float(np.abs(restored[row] - table[row]).max()),
            f"grown error {name}": float(np.abs(again[row] - grown[row]).max()),
            f"kept {name}": len(set(before) & set(nearest_rows(restored, row, count))),
        }
    return numbers


# --- LoRA ----------------------------------------------------------------------------------------


def lora(delta, seen, rank, scale, start, step):
    """Return the errors and displacements of an adapter that Adam has trained for some steps."""
    (height, width), (a, b) = delta.shape, (factor.copy() for factor in start)
    m, v = [np.zeros_like(f) for f in (a, b)], [np.zeros_like(f) for f in (a, b)]
    for t in range(1, step + 1 if len(seen) else 1):
        error = (scale * a[seen] @ b - delta[seen]) / len(seen)
        grad_a = np.zeros_like(a)
        grad_a[seen] = scale * error @ b.T
        grads = (grad_a, scale * a[seen].T @ error)
        rate = 0.02 * np.sqrt(1 - 0.999**t) / (1 - 0.9**t)
        for k, factor in enumerate((a, b)):
            m[k] += 0.1 * (grads[k] - m[k])
            v[k] += 0.001 * (grads[k] ** 2 - v[k])
            factor -= rate * m[k] / (np.sqrt(v[k]) + 1e-7)
    change = scale * a @ b
    sizes = np.linalg.norm(change, axis=1)
    unseen = np.setdiff1d(np.arange(height), seen)
    values = np.linalg.svd(delta, compute_uv=False)
    whole = np.linalg.norm(delta)
    trained = np.linalg.norm(delta[seen])
    shares = values[values > 0] / values.sum() if whole else np.zeros(0)
    return {
        "V": height,
        "D": width,
        "A and B": (height + width) * rank,
        "scale": scale,
        "best": np.linalg.norm(values[rank:]) / whole if whole else 0.0,
        "reached": np.linalg.norm(delta - change) / whole if whole else 0.0,
        "reached, trained": np.linalg.norm((delta - change)[seen]) / trained if trained else 0.0,
        "effective rank": float(np.exp(-(shares * np.log(shares)).sum())) if whole else 0.0,
        "rows trained": len(seen),
        "rows moved": int((sizes > 0).sum()),
        "untrained moved": int((sizes[unseen] > 0).sum()),
        "max, untrained": sizes[unseen].max(initial=0),
        "merge": 0.0,  # W + s·AB, row by row or at once: the same sum
    }


# --- geometry ------------------------------------------------------------------------------------


def _ranks(distances):
    """Return for each line the ranks of its numbers, from 1."""
    return np.argsort(np.argsort(distances, axis=1, kind="stable"), axis=1) + 1


def geometry(table, picked, other, plane, seed, metric):
    """Return the distances of a pair, on a plane too, and how many neighbors the plane keeps."""
    wide = table.astype(np.float64)
    unit = wide / np.linalg.norm(wide, axis=1, keepdims=True)
    valid = np.flatnonzero(np.isfinite(unit).all(axis=1))
    height, width = table.shape
    rows = unit if metric == "cosine" else wide
    mean = rows[valid].mean(axis=0)
    axes = np.linalg.svd(rows[valid] - mean, full_matrices=False)[2]
    axes = {"pca 1+2": axes[:2], "pca 3+4": axes[2:4]}.get(plane)
    if axes is None:
        axes = np.linalg.qr(np.random.default_rng(seed).normal(size=(width, 2)))[0].T
    points = (rows - mean) @ axes.T

    def near(row):
        far = -unit @ unit[row] if metric == "cosine" else np.linalg.norm(rows - rows[row], axis=1)
        far[row] = np.inf
        return np.argsort(np.nan_to_num(far, nan=np.inf), kind="stable")[: valid.size - 1][:10]

    def on_map(row):
        far = np.hypot(*(points - points[row]).T)
        far[row] = np.nan
        return np.argsort(far, kind="stable")[: valid.size - 1][:10]

    sample = valid[np.linspace(0, valid.size - 1, min(50, valid.size)).astype(int)]
    common = [len(set(near(row)) & set(on_map(row))) for row in sample]
    here = near(picked)
    far = np.hypot(*(points - points[picked]).T)
    ahead = (np.delete(far, picked) < far[other]).sum()
    distance = np.linalg.norm(rows[picked] - rows[other])
    some = valid[np.linspace(0, valid.size - 1, min(500, valid.size)).astype(int)]
    n, k = some.size, min(10, (some.size - 1) // 2)
    far_apart = np.linalg.norm(rows[some, None] - rows[some], axis=2)
    on_plane = np.hypot(*(points[some, None] - points[some]).transpose(2, 0, 1))
    true, flat = (_ranks(np.where(np.eye(n), np.inf, far)) for far in (far_apart, on_plane))
    lost = [np.maximum(b[a <= k] - k, 0).sum() for a, b in [(flat, true), (true, flat)]]
    trust, continuity = (1 - 2 * sum_ / (n * k * (2 * n - 3 * k - 1)) for sum_ in lost)
    return {
        "trust": trust,
        "continuity": continuity,
        "cosine": float(unit[picked] @ unit[other]),
        "distance": distance,
        "map": far[other],
        "map / distance": far[other] / distance,
        "closer": int(ahead) if other in here else None,
        "near": len(here),
        "kept": len(set(here) & set(on_map(picked))),
        "typical": float(np.mean(common)),
        "words": height,
        "dimensions": width,
        "variance": points[valid].var(axis=0).sum() / rows[valid].var(axis=0).sum(),
        "invalid": height - valid.size,
    }


# --- masks ---------------------------------------------------------------------------------------


def mask(table, ids, chain, *, mask_zero, target, sentence):
    """Return the distance of a model from its unpadded reference, and the gradient of row 0.

    `chain` has a (kind, kernel, recurrent kernel, bias) for each layer after the embedding.
    """
    words = ids != 0

    def run(weights, batch, valid):
        """Return the first vector of each sentence, and the output."""
        values, pooled = weights[batch], None
        for kind, kernel, state_kernel, bias in chain:
            if kind == "Dense":
                values = values @ kernel + bias
            elif kind == "GlobalAveragePooling1D":
                share = valid / valid.sum(axis=1, keepdims=True)
                values = (values * share[..., None]).sum(axis=1)
            elif kind == "GlobalMaxPooling1D":
                values = values.max(axis=1)
            elif kind == "Flatten":
                values = values.reshape(len(values), -1)
            else:  # SimpleRNN: padding leaves the state as it is
                state = np.zeros((len(values), kernel.shape[1]))
                for t in range(values.shape[1]):
                    new = np.tanh(values[:, t] @ kernel + state @ state_kernel + bias)
                    state = np.where(valid[:, t, None], new, state)
                values = state
            if pooled is None and values.ndim == 2:
                pooled = values
        return pooled, values

    def reference(weights):
        runs = [
            run(weights, row[keep][None], np.ones((1, keep.sum()), bool)) for row, keep in pairs
        ]
        return [np.concatenate(part) for part in zip(*runs, strict=True)]

    def loss(outputs):
        return float(np.square(outputs - target).mean())

    def row_0_norm(outputs_of):
        grad = []
        for column in range(table.shape[1]):
            moved = [table.copy(), table.copy()]
            moved[0][0, column] += 1e-5
            moved[1][0, column] -= 1e-5
            grad.append((loss(outputs_of(moved[0])) - loss(outputs_of(moved[1]))) / 2e-5)
        return float(np.linalg.norm(grad))

    pairs = list(zip(ids, words, strict=True))
    everywhere = np.ones(ids.shape, bool)
    valid = words if mask_zero else everywhere
    # A layer that mixes positions or drops the time axis takes no mask.
    uses_mask = mask_zero and chain[_pooling(chain)][0] in ("GlobalAveragePooling1D", "SimpleRNN")
    fixed_length = any(kind == "Flatten" for kind, *_ in chain)
    padding = int((~words).sum())
    (pooled, outputs), (_, plain) = run(table, ids, valid), run(table, ids, everywhere)
    numbers = {
        "sentences": len(ids),
        "length": ids.shape[1],
        "mask_zero": mask_zero,
        "loss model": loss(outputs),
        "loss unmasked": loss(plain),
        "gradient model": row_0_norm(lambda weights: run(weights, ids, valid)[1]),
        "gradient unmasked": row_0_norm(lambda weights: run(weights, ids, everywhere)[1]),
        "row 0": float(np.linalg.norm(table[0])),
        "padding that counts": 0 if uses_mask else padding,
        "positions": ids.size,
    }
    if fixed_length and padding:
        names = ("loss reference", "gradient reference", "pooled off", "mean off", "loss off")
        return numbers | dict.fromkeys(names)
    true_pooled, true_outputs = reference(table)
    off = np.linalg.norm(pooled - true_pooled, axis=1)
    return numbers | {
        "loss reference": loss(true_outputs),
        "gradient reference": row_0_norm(lambda weights: reference(weights)[1]),
        "pooled off": off[sentence],
        "mean off": off.mean(),
        "loss off": abs(loss(outputs) - loss(true_outputs)),
    }


def _pooling(chain):
    """Return the position of the layer that gives one vector for a sentence."""
    return next(n for n, (kind, *_) in enumerate(chain) if kind != "Dense")


# --- training ------------------------------------------------------------------------------------


def training(table, context, pairs, label, starts, rule, rate):
    """Return tables (S + 1, V, D), slots (S + 1, 2, V, D), gradients and losses of a run.

    `pairs`, `label` and `starts` are the sampled pairs of words: those of step s are
    ``starts[s] : starts[s + 1]``.
    """
    weights = [table.astype(np.float64), context.astype(np.float64)]
    begin = 0.1 if rule == "adagrad" else 0.0
    slots = [np.full((2, *table.shape), begin) for _ in "ec"]
    tables, states, grads, losses = [weights[0].copy()], [slots[0].copy()], [], []
    for s in range(len(starts) - 1):
        (i, j), y = pairs[starts[s] : starts[s + 1]].T, label[starts[s] : starts[s + 1]]
        score = (weights[0][i] * weights[1][j]).sum(axis=1)
        losses.append(np.mean(np.logaddexp(0, score) - y * score) if len(i) else np.nan)
        push = ((1 / (1 + np.exp(-score)) - y) / max(1, len(i)))[:, None]
        grad = [np.zeros(table.shape), np.zeros(table.shape)]
        np.add.at(grad[0], i, push * weights[1][j])
        np.add.at(grad[1], j, push * weights[0][i])
        for side, touched in enumerate((i, j)):
            _update(rule if side == 0 or rule != "sgd + l2" else "sgd", rate, s + 1, touched,
                    weights[side], grad[side], slots[side])  # fmt: skip
        tables.append(weights[0].copy())
        states.append(slots[0].copy())
        grads.append(grad[0])
    return np.array(tables), np.array(states), np.array(grads), np.array(losses)


def _update(rule, rate, time, touched, w, g, slots):
    """Change a table and its slots as Keras's optimizers do."""
    one, two = slots
    if rule == "sgd":
        w -= rate * g
    elif rule == "sgd + l2":
        w -= rate * (g + 0.02 * w)
    elif rule == "momentum":
        one[:] = 0.9 * one - rate * g
        w += one
    elif rule == "adagrad":
        one += g**2
        w -= rate * g / np.sqrt(one + 1e-7)
    elif rule == "rmsprop":
        one[:] = 0.9 * one + 0.1 * g**2
        w -= rate * g / np.sqrt(one + 1e-7)
    else:
        rows = np.arange(len(w)) if rule == "adam" else np.unique(touched)
        one[rows] += 0.1 * (g[rows] - one[rows])
        two[rows] += 0.001 * (g[rows] ** 2 - two[rows])
        corrected = rate * np.sqrt(1 - 0.999**time) / (1 - 0.9**time)
        w[rows] -= corrected * one[rows] / (np.sqrt(two[rows]) + 1e-7)


def training_facts(run, ids, row, other, step, optimizer):
    """Return the numbers of a row at a step of a run, and those of all rows."""
    (tables, states, grads, losses), (rate, slots) = run, optimizer
    moved = np.linalg.norm(tables[step + 1] - tables[step], axis=1)
    pulled = (grads[: step + 1] != 0).any(axis=2)
    seen = np.flatnonzero(pulled[:, row])
    height, width = tables.shape[1:]
    norms = [np.linalg.norm(states[step + 1, slot, row]) for slot in range(slots)]
    return {
        "last seen": int(seen[-1]) + 1 if seen.size else None,
        "uses": int((ids == row).sum()),
        "gradient": np.linalg.norm(grads[step, row]),
        "moved": moved[row],
        "loss": losses[step],
        "in the batch": int(pulled[step].sum()),
        "rows moved": int((moved > 0).sum()),
        "zero gradient": int(((moved > 0) & ~pulled[step]).sum()),
        "V": height,
        "rate": rate,
        "slots": slots,
        "values": slots * height * width,
        "to a row": np.linalg.norm(tables[step + 1, row] - tables[step + 1, other]),
        **{f"slot {slot}": norm for slot, norm in enumerate(norms)},
    }


# --- window --------------------------------------------------------------------------------------


def window(table, context, centers, others, label, starts, step, rate):
    """Return the pairs, the mean loss and the rows of one SGD step, after all steps before it."""
    table, context = table.astype(np.float64), context.astype(np.float64)
    loss = None
    for now in range(step + 1):
        pairs = slice(starts[now], starts[now + 1])
        first, second, true = centers[pairs], others[pairs], label[pairs]
        score = (table[first] * context[second]).sum(axis=1)
        probability = 1 / (1 + np.exp(-score))
        right = np.where(true == 1, probability, 1 - probability)
        loss = float(-np.log(right).mean()) if len(right) else None
        push = rate * ((probability - true) / max(len(right), 1))[:, None]
        row_gradient, context_gradient = np.zeros_like(table), np.zeros_like(context)
        np.add.at(row_gradient, first, push * context[second])
        np.add.at(context_gradient, second, push * table[first])
        table, context = table - row_gradient, context - context_gradient
    return {
        "context words": int((true == 1).sum()),
        "negatives": int((true == 0).sum()),
        "loss": loss,
        "rows": len(set(first.tolist())),
        "context rows": len(set(second.tolist())),
        "V": len(table),
        "D": table.shape[1],
    }


# --- shard ---------------------------------------------------------------------------------------


def shard(rows, columns, scheme, workers, hot, ids, planned, seed):
    """Return the bytes of a lookup and a step on some workers, and what a plan expects."""
    hot = hot if scheme.startswith("row") else 0
    cold = rows - hot
    starts = np.array([cold * w // workers for w in range(workers + 1)])
    widths = np.full(workers, columns)
    if scheme == "column_wise":
        widths = np.diff([columns * w // workers for w in range(workers + 1)])
    factor = 1
    if scheme == "row_wise_hashed" and cold > 1:
        factor = max(1, round(cold * 0.6180339887498949))
        while np.gcd(factor, cold) != 1:
            factor += 1

    def rows_of(batch):
        """Return the rows that each worker is asked for, and how many of them are copies."""
        batch = np.unique(batch)
        counts = np.zeros(workers, int)
        if scheme == "column_wise":
            return counts + len(batch), 0
        if scheme == "table_wise":
            counts[0] = len(batch)
            return counts, 0
        places = (batch[batch >= hot] - hot) * factor % max(cold, 1)
        counts += np.histogram(places, starts)[0] if cold else 0
        copies = int((batch < hot).sum())
        stored = counts.copy()
        for _ in range(copies):  # each to the worker with the least to do
            counts[np.argmin(counts)] += 1
        return counts, stored + copies

    def imbalance(loads):
        return float(loads.max() / loads.mean()) if loads.any() else 1.0

    counts, updated = rows_of(ids)
    updated = updated if scheme.startswith("row") else counts
    random = np.random.default_rng(seed)
    share = random.random(16 * planned) * (total := np.cumsum(1 / np.arange(1, rows + 1)))[-1]
    streams = {
        "uniform": np.random.default_rng(seed).integers(0, rows, 16 * planned),
        "zipf": np.searchsorted(total, share, side="right"),
    }
    expected = {
        law: imbalance(sum(rows_of(batch)[0] for batch in stream.reshape(16, -1)) * widths)
        for law, stream in streams.items()
    }
    copies = workers - 1 if hot else 0
    return {
        "ids": len(ids),
        "distinct": len(np.unique(ids)),
        "V": rows,
        "D": columns,
        "W": workers,
        "H": hot,
        "most": int(counts.max()),
        "sent": int(counts.sum()),
        "requests": int(4 * counts.sum()),
        "answers": int(4 * (counts * widths).sum()),
        "updates": int((4 * updated * (1 + widths)).sum()),
        "imbalance": imbalance(counts * widths),
        "bytes": 4 * columns * (rows + copies * hot),
        "planned": planned,
        "difference": 0.0,
        **expected,
    }
