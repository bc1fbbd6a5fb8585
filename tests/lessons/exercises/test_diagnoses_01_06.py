"""Natural attempts at exercises 01 to 06: what is diagnosed; no belief is named by guess."""

import math

import numpy as np
import pytest

from embedlab.explorers.lookup import LookupExplorer
from embedlab.explorers.mask import MaskExplorer
from embedlab.explorers.training import TrainingExplorer
from embedlab.lessons import check


def outside(W, ids):
    if ((ids < 0) | (ids >= len(W))).any():
        raise IndexError("outside")


def lookup_onehot(W, ids):
    outside(W, ids)
    return np.eye(len(W))[ids] @ W


def lookup_max_only(W, ids):
    if ids.max() >= len(W):
        raise IndexError("outside")
    return W[ids]


def lookup_assert(W, ids):
    assert ids.min() >= 0 and ids.max() < len(W)
    return W[ids]


def lookup_from_one(W, ids):
    outside(W, ids)
    return W[ids - 1]


def lookup_loop(W, ids):
    outside(W, ids)
    return np.array([W[i] for i in ids])


def lookup_flat_loop(W, ids):
    outside(W, ids)
    out = np.zeros((ids.size, W.shape[1]), W.dtype)
    for n, i in enumerate(ids.reshape(-1)):
        out[n] = W[i]
    return out.reshape(*ids.shape, W.shape[1])


def fetch_one_by_one(read, ids):
    return np.array([read([i])[0] for i in ids])


def fetch_sorted(read, ids):
    return read(np.sort(ids))


def fetch_twice(read, ids):
    order = np.argsort(ids)
    return read(ids[order])[order]


def fetch_whole(read, ids):
    return read(np.arange(ids.max() + 1))[ids] if ids.size else read(ids)


def fetch_loop(read, ids):
    rows = [None] * len(ids)
    for place in np.argsort(ids, kind="stable"):
        rows[place] = read([ids[place]])[0]
    return np.array(rows) if rows else read(ids)


def grad_zeros(grad_out, input_dim):
    return np.zeros((input_dim, grad_out.shape[-1]), grad_out.dtype)


def grad_assign(ids, grad_out, input_dim):
    grad = grad_zeros(grad_out, input_dim)
    grad[ids] = grad_out
    return grad


def grad_in_place(ids, grad_out, input_dim):
    grad = grad_zeros(grad_out, input_dim)
    grad[ids] += grad_out
    return grad


def grad_mean(ids, grad_out, input_dim):
    grad, count = grad_zeros(grad_out, input_dim), np.zeros((input_dim, 1), grad_out.dtype)
    np.add.at(grad, ids, grad_out)
    np.add.at(count, ids, 1)
    return grad / np.maximum(count, 1)


def grad_onehot(ids, grad_out, input_dim):
    D = grad_out.shape[-1]
    onehot = np.eye(input_dim, dtype=grad_out.dtype)[ids.reshape(-1)]
    return onehot.T @ grad_out.reshape(-1, D)


def grad_plain_loop(ids, grad_out, input_dim):
    grad = grad_zeros(grad_out, input_dim)
    for n, i in enumerate(ids):
        grad[i] += grad_out[n]
    return grad


def grad_float64(ids, grad_out, input_dim):
    grad = np.zeros((input_dim, grad_out.shape[-1]))
    np.add.at(grad, ids, grad_out)
    return grad


def grad_flat_loop(ids, grad_out, input_dim):
    grad = grad_zeros(grad_out, input_dim)
    for i, row in zip(ids.reshape(-1), grad_out.reshape(-1, grad_out.shape[-1]), strict=True):
        grad[i] += row
    return grad


def count(mask):
    return mask.sum(axis=1, keepdims=True)


def mean_loop(values, mask):
    out = np.zeros((len(values), values.shape[2]))
    for b in range(len(values)):
        if mask[b].any():
            out[b] = values[b][mask[b]].mean(axis=0)
    return out


def adam_rate(time):
    return 0.05 * np.sqrt(1 - 0.999**time) / (1 - 0.9**time)


def adam_dense(W, m, v, grad, time):
    m, v = m + 0.1 * (grad - m), v + 0.001 * (grad**2 - v)
    return W - adam_rate(time) * m / (np.sqrt(v) + 1e-7), m, v


def adam_only_w(W, m, v, grad, time):
    new = adam_dense(W, m, v, grad, time)
    return np.where(grad.any(axis=1)[:, None], new[0], W), *new[1:]


def adam_by_cell(W, m, v, grad, time):
    new = adam_dense(W, m, v, grad, time)
    return tuple(np.where(grad != 0, a, b) for a, b in zip(new, (W, m, v), strict=True))


def adam_no_rate(W, m, v, grad, time):
    used = grad.any(axis=1)[:, None]
    _, m2, v2 = adam_dense(W, m, v, grad, time)
    moved = W - 0.05 * m2 / (np.sqrt(v2) + 1e-7)
    return np.where(used, moved, W), np.where(used, m2, m), np.where(used, v2, v)


def adam_in_place(W, m, v, grad, time):
    m += 0.1 * (grad - m)
    return adam_dense(W, m, v, grad, time)


def adam_loop(W, m, v, grad, time):
    W, m, v = W.copy(), m.copy(), v.copy()
    for i in range(len(W)):
        if grad[i].any():
            W[i], m[i], v[i] = adam_dense(W[i], m[i], v[i], grad[i], time)
    return W, m, v


def lookup_list(W, ids):
    outside(W, ids)
    return W[ids].tolist()


def lookup_take(W, ids):
    return np.take(W, ids, axis=0)


def lookup_valueerror(W, ids):
    if ((ids < 0) | (ids >= len(W))).any():
        raise ValueError("x")
    return W[ids]


def lookup_gt(W, ids):
    if ((ids < 0) | (ids > len(W))).any():
        raise IndexError("x")
    return W[ids]


def lookup_min_empty(W, ids):
    if ids.min() < 0 or ids.max() >= len(W):
        raise IndexError("x")
    return W[ids]


def lookup_return_err(W, ids):
    if ((ids < 0) | (ids >= len(W))).any():
        return IndexError("x")
    return W[ids]


def lookup_and(W, ids):
    if ((ids < 0) & (ids >= len(W))).any():
        raise IndexError("x")
    return W[ids]


def lookup_last_off(W, ids):
    if ((ids < 0) | (ids >= len(W) - 1)).any():
        raise IndexError("x")
    return W[ids]


def lookup_asarray(W, ids):
    ids = np.asarray(ids)
    outside(W, ids)
    return np.stack([W[i] for i in ids.ravel()]).reshape(*ids.shape, -1) if ids.size else W[ids]


def lookup_pyif(W, ids):
    if ids < 0 or ids >= len(W):
        raise IndexError("x")
    return W[ids]


def fetch_unique(read, ids):
    u, inv = np.unique(ids, return_inverse=True)
    return read(u)[inv]


def fetch_dict(read, ids):
    seen = {i: read([i])[0] for i in sorted(set(ids.tolist()))}
    return np.array([seen[i] for i in ids.tolist()])


def fetch_dict_e(read, ids):
    u = sorted(set(ids.tolist()))
    rows = read(u)
    seen = dict(zip(u, rows, strict=False))
    return np.array([seen[i] for i in ids.tolist()]) if len(ids) else rows


def fetch_dict_order(read, ids):
    u = list(dict.fromkeys(ids.tolist()))
    rows = read(u)
    seen = dict(zip(u, rows, strict=False))
    return np.array([seen[i] for i in ids.tolist()])


def fetch_inv(read, ids):
    o = np.argsort(ids)
    return read(ids[o])[np.argsort(o)]


def fetch_insort(read, ids):
    ids.sort()
    return read(ids)


def fetch_unique_only(read, ids):
    return read(np.unique(ids))


def grad_addat(ids, g, V):
    grad = np.zeros((V, g.shape[-1]), g.dtype)
    np.add.at(grad, ids, g)
    return grad


def grad_bincount(ids, g, V):
    f = ids.reshape(-1)
    h = g.reshape(-1, g.shape[-1])
    return np.stack(
        [np.bincount(f, weights=h[:, d], minlength=V) for d in range(h.shape[1])], 1
    ).astype(g.dtype)


def grad_where(ids, g, V):
    grad = np.zeros((V, g.shape[-1]), g.dtype)
    for i in range(V):
        grad[i] = g[ids == i].sum(axis=0)
    return grad


def grad_maxsize(ids, g, V):
    grad = np.zeros((ids.max() + 1, g.shape[-1]), g.dtype)
    np.add.at(grad, ids, g)
    return grad


def grad_forn(ids, g, V):
    grad = np.zeros((V, g.shape[-1]), g.dtype)
    for n in range(len(ids)):
        grad[ids[n]] += g[n]
    return grad


def grad_2loop(ids, g, V):
    grad = np.zeros((V, g.shape[-1]), g.dtype)
    for b in range(ids.shape[0]):
        for t in range(ids.shape[1]):
            grad[ids[b, t]] += g[b, t]
    return grad


def grad_likeg(ids, g, V):
    grad = np.zeros_like(g)
    np.add.at(grad, ids, g)
    return grad


def mean_nan(v, m):
    x = v.copy()
    x[~m] = np.nan
    return np.nanmean(x, axis=1)


def mean_nanz(v, m):
    x = np.where(m[..., None], v, np.nan)
    return np.nan_to_num(np.nanmean(x, axis=1))


def mean_where_mean(v, m):
    return v.mean(axis=1, where=m[..., None])


def mean_einsum(v, m):
    return np.einsum(
        "btd,bt->bd", np.where(m[..., None], v, 0), m / np.maximum(m.sum(1, keepdims=True), 1)
    )


def mean_loop_nanempty(v, m):
    return np.array([v[b][m[b]].mean(axis=0) for b in range(len(v))])


def mean_eps(v, m):
    return np.where(m[..., None], v, 0).sum(1) / (m.sum(1, keepdims=True) + 1e-7)


def mean_all(v, m):
    return v[m].mean(axis=0)


def mean_inv(v, m):
    return np.where(m[..., None], 0, v).sum(1) / np.maximum((~m).sum(1, keepdims=True), 1)


def mean_place(v, m):
    v[~m] = 0
    return v.sum(1) / np.maximum(m.sum(1, keepdims=True), 1)


def mean_f16(v, m):
    return mean_loop0(v, m).astype(np.float16)


def mean_loop0(v, m):
    out = np.zeros((v.shape[0], v.shape[2]))
    for b in range(v.shape[0]):
        n = 0
        for t in range(v.shape[1]):
            if m[b, t]:
                out[b] += v[b, t]
                n += 1
        if n:
            out[b] /= n
    return out


def adam_copyless(W, m, v, grad, time):
    rows = np.flatnonzero(grad.any(axis=1))
    g = grad[rows]
    r = adam_rate(time)
    m[rows] += 0.1 * (g - m[rows])
    v[rows] += 0.001 * (g**2 - v[rows])
    W[rows] -= r * m[rows] / (np.sqrt(v[rows]) + 1e-7)
    return W, m, v


def adam_oldm(W, m, v, grad, time):
    u = grad.any(axis=1)[:, None]
    r = adam_rate(time)
    W2 = W - r * m / (np.sqrt(v) + 1e-7)
    m2 = m + 0.1 * (grad - m)
    v2 = v + 0.001 * (grad**2 - v)
    return np.where(u, W2, W), np.where(u, m2, m), np.where(u, v2, v)


def adam_keras(W, m, v, grad, time):
    u = grad.any(axis=1)[:, None]
    m2 = 0.9 * m + 0.1 * grad
    v2 = 0.999 * v + 0.001 * grad**2
    W2 = W - 0.05 * (m2 / (1 - 0.9**time)) / (np.sqrt(v2 / (1 - 0.999**time)) + 1e-7)
    return np.where(u, W2, W), np.where(u, m2, m), np.where(u, v2, v)


def adam_where(W, m, v, grad, time):
    u = grad.any(axis=1)[:, None]
    n = adam_dense(W, m, v, grad, time)
    return [np.where(u, a, b) for a, b in zip(n, (W, m, v), strict=False)]


def adam_plus(W, m, v, grad, time):
    n = adam_where(W, m, v, grad, time)
    return 2 * W - n[0], n[1], n[2]


def adam_g(W, m, v, grad, time):
    n = adam_where(W, m, v, grad, time)
    return (
        np.where(grad.any(1)[:, None], W - adam_rate(time) * grad / (np.sqrt(n[2]) + 1e-7), W),
        n[1],
        n[2],
    )


def adam_col0(W, m, v, grad, time):
    u = (grad[:, 0] != 0)[:, None]
    n = adam_dense(W, m, v, grad, time)
    return tuple(np.where(u, a, b) for a, b in zip(n, (W, m, v), strict=False))


def adam_allcols(W, m, v, grad, time):
    u = grad.all(axis=1)[:, None]
    n = adam_dense(W, m, v, grad, time)
    return tuple(np.where(u, a, b) for a, b in zip(n, (W, m, v), strict=False))


def adam_sum(W, m, v, grad, time):
    u = (grad.sum(axis=1) != 0)[:, None]
    n = adam_dense(W, m, v, grad, time)
    return tuple(np.where(u, a, b) for a, b in zip(n, (W, m, v), strict=False))


def adam_eps(root):
    """A right step but for the root that it divides by."""

    def step(W, m, v, grad, time):
        used = grad.any(axis=1)[:, None]
        _, m2, v2 = adam_dense(W, m, v, grad, time)
        moved = W - adam_rate(time) * m2 / root(v2)
        return np.where(used, moved, W), np.where(used, m2, m), np.where(used, v2, v)

    return step


def adam_largest(W, m, v, grad, time):
    used = (grad.max(axis=1) != 0)[:, None]
    pairs = zip(adam_dense(W, m, v, grad, time), (W, m, v), strict=True)
    return tuple(np.where(used, a, b) for a, b in pairs)


def lookup_each(W, ids):
    for i in ids:
        if i < 0 or i >= len(W):
            raise IndexError(i)
    return W[ids]


def grad_return_inside(ids, grad_out, input_dim):
    grad = grad_zeros(grad_out, input_dim)
    for n, i in enumerate(ids):
        grad[i] += grad_out[n]
        return grad
    return grad


def mean_nonzero(v, m):
    words = np.where(m[..., None], v, 0)
    return words.sum(axis=1) / np.maximum(np.count_nonzero(words, axis=1), 1)


def mean_ma(v, m):
    return np.ma.masked_array(v, ~np.broadcast_to(m[..., None], v.shape)).mean(axis=1)


def mean_list(v, m):
    zero = np.zeros(v.shape[2])
    return np.array([v[b][m[b]].mean(axis=0) if m[b].any() else zero for b in range(len(v))])


RIGHT = "right"
SPECIFIC = [
    ("01.lookup", lookup_each, "no axis"),
    ("01.lookup", lambda W, ids: W[ids[(ids >= 0) & (ids < len(W))]], "leave the id out"),
    ("02.fetch", lambda read, ids: read(np.argsort(ids)), "places in `ids`"),
    ("03.scatter_add", grad_return_inside, "inside the loop"),
    ("03.scatter_add", lambda ids, g, V: -grad_addat(ids, g, V), "wrong sign"),
    ("03.scatter_add", lambda ids, g, V: 1 + grad_addat(ids, g, V), "np.zeros"),
    ("03.scatter_add", lambda ids, g, V: grad_addat(ids - 1, g, V), "too early"),
    ("04.mean", mean_ma, "masked array"),
    ("04.mean", mean_nonzero, "not in the numbers"),
    ("04.mean", lambda v, m: np.where(m[..., None], v, 0).sum(1) / m.sum(1), "keepdims"),
    ("04.mean", lambda v, m: np.where(m[..., None], v, 0).sum(1) / m.sum(), "whole batch"),
    ("05.limit", lambda variance, T: math.sqrt(variance / T / 3), "instead of dividing"),
    ("06.lazy_adam", adam_eps(lambda v: np.sqrt(v + 1e-7)), "inside the root"),
    ("06.lazy_adam", adam_eps(np.sqrt), "1e-7"),
    ("06.lazy_adam", adam_largest, "stay as they were"),
]


@pytest.mark.parametrize(
    ("exercise", "attempt", "message"), SPECIFIC, ids=[f"{row[0]}-{row[2]}" for row in SPECIFIC]
)
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_an_attempt_gets_a_message_about_itself(exercise, attempt, message):
    verdict = check(exercise, attempt)
    assert not verdict and verdict.misconception is None and message in verdict.message, verdict


TABLE = [
    ("04.mean", mean_list, RIGHT),
    ("01.lookup", lambda W, ids: W[ids], None),
    ("01.lookup", lookup_onehot, "M1"),
    ("01.lookup", lookup_max_only, None),
    ("01.lookup", lookup_assert, None),
    ("01.lookup", lookup_from_one, "M2"),
    ("01.lookup", lambda W, ids: W.take(ids, axis=0, mode="clip"), None),
    ("01.lookup", lookup_loop, None),
    ("01.lookup", lookup_flat_loop, RIGHT),
    ("02.fetch", lambda read, ids: read(ids), None),
    ("02.fetch", fetch_sorted, None),
    ("02.fetch", fetch_twice, None),
    ("02.fetch", fetch_whole, None),
    ("02.fetch", fetch_one_by_one, None),
    ("02.fetch", fetch_loop, RIGHT),
    ("03.scatter_add", grad_assign, None),
    ("03.scatter_add", grad_in_place, None),
    ("03.scatter_add", grad_mean, "M4"),
    ("03.scatter_add", grad_onehot, "M1"),
    ("03.scatter_add", grad_float64, None),
    ("03.scatter_add", grad_plain_loop, None),
    ("03.scatter_add", grad_flat_loop, RIGHT),
    ("04.mean", lambda values, mask: values.mean(axis=1), None),
    ("04.mean", lambda values, mask: values.sum(axis=1) / count(mask), None),
    ("04.mean", lambda v, m: np.where(m[..., None], v, 0).mean(axis=1), None),
    ("04.mean", lambda v, m: (v * m[..., None]).sum(axis=1) / count(m), None),
    ("04.mean", lambda v, m: np.where(m[..., None], v, 0).sum(axis=1) / m.sum(axis=1), None),
    ("04.mean", mean_loop, RIGHT),
    ("05.limit", lambda variance, T: math.sqrt(variance / T), None),
    ("05.limit", lambda variance, T: math.sqrt(3 * variance), None),
    ("05.limit", lambda variance, T: math.sqrt(3 * variance * T), None),
    ("05.limit", lambda variance, T: 3 * variance / T, None),
    ("05.limit", lambda variance, T: 0.05, None),
    ("05.limit", lambda variance, T: (3 * variance / T) ** 0.5, RIGHT),
    ("06.lazy_adam", adam_dense, None),
    ("06.lazy_adam", adam_only_w, None),
    ("06.lazy_adam", adam_by_cell, None),
    ("06.lazy_adam", adam_no_rate, None),
    ("06.lazy_adam", adam_in_place, None),
    ("06.lazy_adam", adam_loop, RIGHT),
    ("01.lookup", lookup_list, None),
    ("01.lookup", lookup_take, None),
    ("01.lookup", lookup_valueerror, None),
    ("01.lookup", lookup_gt, RIGHT),
    ("01.lookup", lookup_min_empty, None),
    ("01.lookup", lookup_return_err, None),
    ("01.lookup", lookup_and, None),
    ("01.lookup", lookup_last_off, None),
    ("01.lookup", lookup_asarray, RIGHT),
    ("01.lookup", lookup_pyif, None),
    ("02.fetch", fetch_unique, RIGHT),
    ("02.fetch", fetch_dict, None),
    ("02.fetch", fetch_dict_e, RIGHT),
    ("02.fetch", fetch_dict_order, None),
    ("02.fetch", fetch_inv, RIGHT),
    ("02.fetch", fetch_insort, None),
    ("02.fetch", fetch_unique_only, None),
    ("03.scatter_add", grad_addat, RIGHT),
    ("03.scatter_add", grad_bincount, RIGHT),
    ("03.scatter_add", grad_where, RIGHT),
    ("03.scatter_add", grad_maxsize, None),
    ("03.scatter_add", grad_forn, None),
    ("03.scatter_add", grad_2loop, None),
    ("03.scatter_add", grad_likeg, None),
    ("04.mean", mean_nan, None),
    ("04.mean", mean_nanz, RIGHT),
    ("04.mean", mean_where_mean, None),
    ("04.mean", mean_einsum, RIGHT),
    ("04.mean", mean_loop_nanempty, None),
    ("04.mean", mean_eps, RIGHT),
    ("04.mean", mean_all, None),
    ("04.mean", mean_inv, None),
    ("04.mean", mean_place, None),
    ("04.mean", mean_f16, None),
    ("04.mean", mean_loop0, RIGHT),
    ("06.lazy_adam", adam_copyless, None),
    ("06.lazy_adam", adam_oldm, None),
    ("06.lazy_adam", adam_keras, None),
    ("06.lazy_adam", adam_where, RIGHT),
    ("06.lazy_adam", adam_plus, None),
    ("06.lazy_adam", adam_g, None),
    ("06.lazy_adam", adam_col0, None),
    ("06.lazy_adam", adam_allcols, None),
    ("06.lazy_adam", adam_sum, None),
    ("05.limit", lambda variance, T: np.float16(math.sqrt(3 * variance / T)), RIGHT),
    ("05.limit", lambda variance, T: math.sqrt(3 * variance) / T, None),
    ("05.limit", lambda variance, T: math.sqrt(12 * variance / T), None),
    ("05.limit", lambda variance, T: math.sqrt(variance / (3 * T)), None),
    ("05.limit", lambda variance, T: math.sqrt(variance * 3) / math.sqrt(T), RIGHT),
    ("05.limit", lambda variance, T: [math.sqrt(3 * variance / T)], None),
]


@pytest.mark.parametrize(
    ("exercise", "attempt", "diagnosis"),
    TABLE,
    ids=[f"{name}-{attempt.__name__}-{n}" for n, (name, attempt, _) in enumerate(TABLE)],
)
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_a_natural_attempt_is_answered(exercise, attempt, diagnosis):
    verdict = check(exercise, attempt)
    assert bool(verdict) == (diagnosis == RIGHT), verdict
    if diagnosis != RIGHT:
        assert verdict.attempted and verdict.misconception == diagnosis, verdict
        assert len(verdict.message) > 60  # what is wrong, and where
        assert verdict.case or "of a training" in verdict.message


@pytest.mark.parametrize("v", [2, 9, 10])
def test_a_table_that_is_too_small_is_no_proof_of_a_belief(v):
    verdict = check("01.fence", LookupExplorer("the cat sat on the mat", input_dim=v))
    assert not verdict and verdict.misconception is None


@pytest.mark.parametrize(
    "params",
    [{"layers": ["Conv1D", "GlobalAveragePooling1D", "Dense"]}, {"mask_zero": False},
     {"layers": ["Masking", "GlobalAveragePooling1D", "Dense"]}, {"lengths": [8, 8, 8, 8]},
     {"layers": ["Flatten", "Dense"]}],
    ids=str,
)  # fmt: skip
def test_a_wrong_repair_of_the_mask_is_no_proof_of_a_belief(params):
    verdict = check("04.mend", MaskExplorer(**params))
    assert not verdict and verdict.misconception is None


@pytest.mark.parametrize("rule", ["momentum", "adam", "sgd + l2"])
def test_a_branch_that_still_moves_rows_is_no_proof_of_a_belief(rule):
    explorer = TrainingExplorer(runs=["adam"], steps=30, branch=[0, 12, rule, 0.05])
    verdict = check("06.still", explorer)
    assert not verdict and verdict.misconception is None


def test_a_branch_before_the_first_step_is_no_fault_of_adam():
    verdict = check(
        "06.still", TrainingExplorer(runs=["adam"], steps=30, branch=[0, 0, "sgd", 0.05])
    )
    assert not verdict and "before the first step" in verdict.message


def test_a_loss_that_is_right_by_chance_is_no_repair_of_the_mask():
    verdict = check("04.mend", MaskExplorer(layers=["GlobalMaxPooling1D", "Dense"]))
    assert not verdict and "by chance" in verdict.message and "max_pool" in verdict.message
