"""Natural attempts at exercises 07 to 12: what is diagnosed; no belief is named by guess."""

import h5py
import numpy as np
import pytest

from embedlab import Embedding, Sequential
from embedlab.layers import GlobalAveragePooling1D
from embedlab.lessons import check
from embedlab.lessons.exercises.capstone import Discount
from embedlab.optimizers import Adam


def merge_r(W, A, B, alpha):
    return W + np.float32(alpha / A.shape[1]) * (A @ B)


def merge_np64(W, A, B, alpha):
    return W + np.float64(alpha / A.shape[1]) * (A @ B)


def merge_noscale(W, A, B, alpha):
    return W + A @ B


def merge_alpha(W, A, B, alpha):
    return W + alpha * (A @ B)


def merge_sqrt(W, A, B, alpha):
    return (W + alpha / np.sqrt(A.shape[1]) * (A @ B)).astype(W.dtype)


def merge_shape0(W, A, B, alpha):
    return W + alpha / A.shape[0] * (A @ B)


def merge_B1(W, A, B, alpha):
    return W + alpha / B.shape[1] * (A @ B)


def merge_inv(W, A, B, alpha):
    return W + A.shape[1] / alpha * (A @ B)


def merge_place(W, A, B, alpha):
    W += alpha / A.shape[1] * (A @ B)
    return W


def merge_star(W, A, B, alpha):
    return W + alpha / A.shape[1] * (A * B)


def merge_only(W, A, B, alpha):
    return alpha / A.shape[1] * (A @ B)


def merge_minus(W, A, B, alpha):
    return W - alpha / A.shape[1] * (A @ B)


def merge_loop(W, A, B, alpha):
    out = W.copy()
    r = A.shape[1]
    for v in range(W.shape[0]):
        for k in range(r):
            out[v] += alpha / r * A[v, k] * B[k]
    return out


def merge_loop3(W, A, B, alpha):
    out = W.copy()
    r = A.shape[1]
    for v in range(W.shape[0]):
        for d in range(W.shape[1]):
            s = 0
            for k in range(r):
                s += A[v, k] * B[k, d]
            out[v, d] += alpha / r * s
    return out


def merge_BA(W, A, B, alpha):
    return W + alpha / A.shape[1] * (B @ A)


def merge_float(W, A, B, alpha):
    return W.astype(float) + alpha / A.shape[1] * (A @ B)


def merge_intdiv(W, A, B, alpha):
    return W + alpha // A.shape[1] * (A @ B)


def merge_alpha_rhs(W, A, B, alpha):
    return W + (A * (alpha / A.shape[1])) @ B


def pack_ref(codes):
    D = codes.shape[-1]
    e = np.zeros((*codes.shape[:-1], D + D % 2), np.int8)
    e[..., :D] = codes & 15
    return e[..., 0::2] | e[..., 1::2] << 4


def pack_u8(codes):
    D = codes.shape[-1]
    e = np.zeros((*codes.shape[:-1], D + D % 2), np.uint8)
    e[..., :D] = codes & 15
    return e[..., 0::2] | (e[..., 1::2] << 4)


def pack_swap(codes):
    D = codes.shape[-1]
    e = np.zeros((*codes.shape[:-1], D + D % 2), np.uint8)
    e[..., :D] = codes & 15
    return e[..., 1::2] | (e[..., 0::2] << 4)


def pack_nomask(codes):
    D = codes.shape[-1]
    e = np.zeros((*codes.shape[:-1], D + D % 2), np.int8)
    e[..., :D] = codes
    return e[..., 0::2] | e[..., 1::2] << 4


def pack_even(codes):
    return (codes[..., 0::2] & 15) | ((codes[..., 1::2] & 15) << 4)


def pack_halves(codes):
    D = codes.shape[-1]
    h = (D + 1) // 2
    e = np.zeros((*codes.shape[:-1], 2 * h), np.uint8)
    e[..., :D] = codes & 15
    return e[..., :h] | (e[..., h:] << 4)


def pack_plus8(codes):
    D = codes.shape[-1]
    e = np.zeros((*codes.shape[:-1], D + D % 2), np.uint8)
    e[..., :D] = codes + 8
    return e[..., 0::2] | (e[..., 1::2] << 4)


def pack_loop1(codes):
    out = []
    for d in range(0, codes.shape[-1], 2):
        lo = codes[..., d] & 15
        hi = codes[..., d + 1] & 15 if d + 1 < codes.shape[-1] else 0 * lo
        out.append(lo | hi << 4)
    return np.stack(out, axis=-1)


def pack_flat(codes):
    c = codes.ravel()
    if c.size % 2:
        c = np.append(c, 0)
    return (c[0::2] & 15) | ((c[1::2] & 15) << 4)


def pack_plus(codes):
    D = codes.shape[-1]
    e = np.zeros((*codes.shape[:-1], D + D % 2), np.int8)
    e[..., :D] = codes
    return e[..., 0::2] + 16 * e[..., 1::2]


def pack_16(codes):
    D = codes.shape[-1]
    e = np.zeros((*codes.shape[:-1], D + D % 2), np.uint8)
    e[..., :D] = codes & 15
    return e[..., 0::2] + 16 * e[..., 1::2]


def pack_15(codes):
    D = codes.shape[-1]
    e = np.zeros((*codes.shape[:-1], D + D % 2), np.uint8)
    e[..., :D] = codes & 7
    return e[..., 0::2] | (e[..., 1::2] << 4)


def pack_pad1(codes):
    D = codes.shape[-1]
    e = np.pad(codes, [(0, 0)] * (codes.ndim - 1) + [(0, D % 2)])
    return (e[..., 0::2] & 15) | ((e[..., 1::2] & 15) << 4)


def unpack_ref(p, D):
    c = np.zeros((*p.shape[:-1], 2 * p.shape[-1]), np.int8)
    c[..., 0::2] = p & 15
    c[..., 1::2] = p >> 4 & 15
    return np.where(c > 7, c - 16, c)[..., :D]


def unpack_nosign(p, D):
    c = np.zeros((*p.shape[:-1], 2 * p.shape[-1]), np.int8)
    c[..., 0::2] = p & 15
    c[..., 1::2] = p >> 4 & 15
    return c[..., :D]


def unpack_noD(p, D):
    return unpack_ref(p, 2 * p.shape[-1])


def unpack_halves(p, D):
    return np.concatenate(
        [unpack_ref(p, 2 * p.shape[-1])[..., 0::2], unpack_ref(p, 2 * p.shape[-1])[..., 1::2]], -1
    )[..., :D]


def unpack_shiftonly(p, D):
    c = np.zeros((*p.shape[:-1], 2 * p.shape[-1]), np.int8)
    c[..., 0::2] = p & 15
    c[..., 1::2] = p >> 4
    c = np.where(c > 7, c - 16, c)
    return c[..., :D]


def unpack_lowunsigned(p, D):
    c = np.zeros((*p.shape[:-1], 2 * p.shape[-1]), np.int8)
    c[..., 0::2] = p & 15
    c[..., 1::2] = p >> 4
    return c[..., :D]


def unpack_shifts(p, D):
    c = np.zeros((*p.shape[:-1], 2 * p.shape[-1]), np.int8)
    q = p.astype(np.int8)
    c[..., 0::2] = (q << 4) >> 4
    c[..., 1::2] = q >> 4
    return c[..., :D]


def unpack_minus8(p, D):
    return unpack_nosign(p, D) - 8


def unpack_gt8(p, D):
    c = unpack_nosign(p, D)
    return np.where(c > 8, c - 16, c)


def unpack_15(p, D):
    c = unpack_nosign(p, D)
    return np.where(c > 7, c - 15, c)


def unpack_loop(p, D):
    out = []
    for d in range(D):
        c = (p[..., d // 2] >> (4 * (d % 2))) & 15
        out.append(np.where(c > 7, c - 16, c) if True else 0)
    return np.stack(out, axis=-1)


def unpack_i64(p, D):
    return unpack_ref(p, D).astype(int)


def tied_ref(E, ids, g):
    grad = g.T @ E[ids]
    np.add.at(grad, ids, g @ E)
    return grad


def tied_lookup(E, ids, g):
    grad = np.zeros_like(E)
    np.add.at(grad, ids, g @ E)
    return grad


def tied_scores(E, ids, g):
    return g.T @ E[ids]


def tied_assign(E, ids, g):
    grad = g.T @ E[ids]
    grad[ids] += g @ E
    return grad


def tied_set(E, ids, g):
    grad = g.T @ E[ids]
    grad[ids] = g @ E
    return grad


def tied_mean(E, ids, g):
    return tied_ref(E, ids, g) / 2


def tied_loop(E, ids, g):
    grad = np.zeros_like(E)
    for n, i in enumerate(ids):
        grad[i] += g[n] @ E
        for v in range(len(E)):
            grad[v] += g[n, v] * E[i]
    return grad


def tied_onehot(E, ids, g):
    X = np.eye(len(E))[ids]
    return X.T @ g @ E + g.T @ X @ E


def tied_double(E, ids, g):
    return 2 * (g.T @ E[ids])


def tied_only_read(E, ids, g):
    grad = np.zeros_like(E)
    np.add.at(grad, ids, g @ E)
    grad[ids] += (g.T @ E[ids])[ids]
    return grad


def tied_only_read2(E, ids, g):
    f = tied_ref(E, ids, g)
    o = np.zeros_like(E)
    o[ids] = f[ids]
    return o


def tied_place(E, ids, g):
    E -= tied_ref(E, ids, g)
    return E


def tied_meandup(E, ids, g):
    grad = np.zeros_like(E)
    c = np.zeros((len(E), 1))
    np.add.at(grad, ids, g @ E)
    np.add.at(c, ids, 1)
    return grad / np.maximum(c, 1) + g.T @ E[ids]


def unit(x):
    return x / np.linalg.norm(x, axis=-1, keepdims=True)


def odd_ref(t, ids):
    u = unit(t[ids])
    return ids[(u @ u.mean(axis=0)).argmin()]


def odd_pos(t, ids):
    u = unit(t[ids])
    return (u @ u.mean(axis=0)).argmin()


def odd_max(t, ids):
    u = unit(t[ids])
    return ids[(u @ u.mean(axis=0)).argmax()]


def odd_nonorm(t, ids):
    return ids[(t[ids] @ t[ids].mean(axis=0)).argmin()]


def odd_meanraw(t, ids):
    return ids[(unit(t[ids]) @ t[ids].mean(axis=0)).argmin()]


def odd_dist(t, ids):
    return ids[np.linalg.norm(t[ids] - t[ids].mean(0), axis=1).argmax()]


def odd_pair(t, ids):
    u = unit(t[ids])
    return ids[(u @ u.T).sum(1).argmin()]


def odd_pairmean(t, ids):
    u = unit(t[ids])
    return ids[(u @ u.T).mean(1).argmin()]


def odd_all(t, ids):
    u = unit(t[ids])
    return ids[(u @ unit(t).mean(axis=0)).argmin()]


def odd_list(t, ids):
    return [odd_ref(t, ids)]


def odd_int(t, ids):
    return int(odd_ref(t, ids))


def odd_loop(t, ids):
    mean = sum(unit(t[i]) for i in ids)
    best = None
    for i in ids:
        c = float(unit(t[i]) @ mean)
        if best is None or c < best:
            best, odd = c, i
    return odd


def odd_loop_raw(t, ids):
    mean = t[ids].mean(0)
    cs = [np.dot(t[i], mean) / (np.linalg.norm(t[i]) * np.linalg.norm(mean)) for i in ids]
    return ids[int(np.argmin(cs))]


def odd_normall(t, ids):
    u = t[ids] / np.linalg.norm(t[ids])
    return ids[(u @ u.mean(axis=0)).argmin()]


def read_ref(path):
    with h5py.File(path) as f:
        g = f["layers/embedding/vars"]
        t = g["0"][:]
        if "1" in g:
            t = t / g["1"][:][:, None]
    return t


def read_plain(path):
    with h5py.File(path) as f:
        return f["layers/embedding/vars/0"][:]


def read_mul(path):
    with h5py.File(path) as f:
        g = f["layers/embedding/vars"]
        t = g["0"][:]
        if "1" in g:
            t = t * g["1"][:][:, None]
    return t


def read_noax(path):
    with h5py.File(path) as f:
        g = f["layers/embedding/vars"]
        t = g["0"][:]
        if "1" in g:
            t = t / g["1"][:]
    return t


def read_adapter(path):
    with h5py.File(path) as f:
        g = f["layers/embedding"]
        t = g["vars/0"][:]
        if "1" in g["vars"]:
            t = t / g["vars/1"][:][:, None]
        if "embedlab/a.0" in g:
            t = t + g["embedlab/a.0"][:] @ g["embedlab/b.0"][:]
    return t


def read_base(path):
    with h5py.File(path) as f:
        g = f["layers/embedding"]
        if "embedlab/base.0" in g:
            return g["embedlab/base.0"][:]
        t = g["vars/0"][:]
        if "1" in g["vars"]:
            t = t / g["vars/1"][:][:, None]
    return t


def read_always(path):
    with h5py.File(path) as f:
        return f["layers/embedding/vars/0"][:] / f["layers/embedding/vars/1"][:][:, None]


def read_open(path):
    f = h5py.File(path)
    return f["layers/embedding/vars/0"]


def read_openR(path):
    f = h5py.File(path)
    g = f["layers/embedding/vars"]
    t = np.array(g["0"])
    if "1" in g:
        t = t / np.array(g["1"])[:, None]
    return t


def read_f64(path):
    return read_ref(path).astype(float)


def read_loop(path):
    with h5py.File(path) as f:
        g = f["layers/embedding/vars"]
        t = g["0"][:].astype("float32")
        if "1" in g:
            for i, s in enumerate(g["1"][:]):
                t[i] /= s
    return t


def read_loop_int(path):
    with h5py.File(path) as f:
        g = f["layers/embedding/vars"]
        t = g["0"][:]
        if "1" in g:
            for i, s in enumerate(g["1"][:]):
                t[i] = t[i] / s
    return t


def read_try(path):
    with h5py.File(path) as f:
        t = f["layers/embedding/vars/0"][:]
        try:
            return t / f["layers/embedding/vars/1"][:].reshape(-1, 1)
        except KeyError:
            return t


def id_raise(ids):
    return Embedding(int(ids.max()), 4, mask_zero=True, seed=12)


def id_14(ids):
    return Embedding(14, 4, mask_zero=True, seed=12)


def id_plus1(ids):
    return Embedding(ids.max() + 1, 4, mask_zero=True, oob="clip", seed=12)


def id_plus2(ids):
    return Embedding(int(ids.max()) + 2, 4, mask_zero=True, seed=12)


def id_len(ids):
    return Embedding(len(ids), 4, mask_zero=True, oob="clip", seed=12)


def id_big(ids):
    return Embedding(1000, 4, mask_zero=True, seed=12)


def id_nomask(ids):
    return Embedding(int(ids.max()) + 1, 4, seed=12)


def id_noseed(ids):
    return Embedding(int(ids.max()) + 1, 4, mask_zero=True)


def loss_addat(ids, g, V):
    grad = np.zeros((V, g.shape[-1]), g.dtype)
    np.add.at(grad, ids, g)
    return grad


def loss_set(ids, g, V):
    grad = np.zeros((V, g.shape[-1]), g.dtype)
    grad[ids] = g
    return grad


def loss_mean(ids, g, V):
    return loss_addat(ids, g, V) / np.maximum(np.bincount(ids, minlength=V), 1)[:, None].astype(
        g.dtype
    )


def loss_onehot(ids, g, V):
    return np.eye(V)[ids].T @ g


def loss_bincount(ids, g, V):
    return np.bincount(ids, weights=g[:, 0], minlength=V)


def loss_where(ids, g, V):
    return np.array([g[ids == i].sum(0) for i in range(V)])


def loss_div(ids, g, V):
    return loss_addat(ids, g, V) / len(ids)


def loss_V5b(ids, g, V):
    grad = np.zeros(V, g.dtype)
    for n, i in enumerate(ids):
        grad[i] += g[n, 0]
    return grad


def E3(p):
    return Embedding(14, 1, weights=p, mask_zero=True)


def factor_noflag(p):
    return Sequential([E3(p), Discount(), GlobalAveragePooling1D()])


def factor_after(p):
    return Sequential([E3(p), GlobalAveragePooling1D(), Discount()])


class MD(Discount):
    supports_masking = True


def factor_md(p):
    return Sequential([E3(p), MD(), GlobalAveragePooling1D()])


def factor_drop(p):
    return Sequential([E3(p), GlobalAveragePooling1D()])


def factor_nomask(p):
    return Sequential([Embedding(14, 1, weights=p), Discount(), GlobalAveragePooling1D()])


def factor_md_ign(p):
    return Sequential([E3(p), MD(), GlobalAveragePooling1D()], strict_masks="ignore")


def factor_warn(p):
    return Sequential([E3(p), Discount(), GlobalAveragePooling1D()], strict_masks="warn")


def factor_attr(p):
    d = Discount()
    d.supports_masking = True
    return Sequential([E3(p), d, GlobalAveragePooling1D()])


def drift_same(t, adam, w, f):
    for _ in range(20):
        g = t.value - w
        g[f] = 0
        adam.apply([g], [t])


def drift_w(t, adam, w, f):
    w = w.copy()
    w[f] = t.value[f]
    for _ in range(20):
        adam.apply([t.value - w], [t])


def drift_after(t, adam, w, f):
    k = t.value[f].copy()
    for _ in range(20):
        adam.apply([t.value - w], [t])
    t.value[f] = k


def drift_view(t, adam, w, f):
    k = t.value
    for _ in range(20):
        adam.apply([t.value - w], [t])
        t.value[f] = k[f]


def drift_newadam(t, adam, w, f):
    a = Adam(adam.learning_rate)
    for _ in range(20):
        g = t.value - w
        g[f] = 0
        a.apply([g], [t])


def drift_sgd(t, adam, w, f):
    for _ in range(20):
        g = t.value - w
        g[f] = 0
        t.value[:] = t.value - 0.1 * g


def drift_inloop(t, adam, w, f):
    for _ in range(20):
        k = t.value[f].copy()
        adam.apply([t.value - w], [t])
        t.value[f] = k


def drift_assign(t, adam, w, f):
    k = t.value.copy()
    for _ in range(20):
        adam.apply([t.value - w], [t])
        n = t.value.copy()
        n[f] = k[f]
        t.assign(n)


def drift_loop(t, adam, w, f):
    k = t.value.copy()
    for _ in range(20):
        adam.apply([t.value - w], [t])
        for i in f:
            t.value[i] = k[i]


def mg(W, A, B, alpha):
    return W + alpha / A.shape[1] * A @ B


def int8_row(W, A, B, alpha):
    m = mg(W, A, B, alpha)
    l = np.abs(m).max(1, keepdims=True)
    s = 127 / np.where(l == 0, 1, l)
    return np.rint(m * s).astype(np.int8), s


def int8_nokeep(W, A, B, alpha):
    m = mg(W, A, B, alpha)
    l = np.abs(m).max(1)
    s = 127 / np.where(l == 0, 1, l)
    return np.rint(m * s).astype(np.int8), s


def int8_nokeep2(W, A, B, alpha):
    m = mg(W, A, B, alpha)
    l = np.abs(m).max(1)
    s = 127 / np.where(l == 0, 1, l)
    return np.rint(m * s[:, None]).astype(np.int8), s


def int8_col(W, A, B, alpha):
    m = mg(W, A, B, alpha)
    l = np.abs(m).max(0, keepdims=True)
    s = 127 / np.where(l == 0, 1, l)
    return np.rint(m * s).astype(np.int8), s


def int8_zero(W, A, B, alpha):
    m = mg(W, A, B, alpha)
    s = 127 / np.abs(m).max(1, keepdims=True)
    return np.rint(m * s).astype(np.int8), s


def int8_noabs(W, A, B, alpha):
    m = mg(W, A, B, alpha)
    l = m.max(1, keepdims=True)
    s = 127 / np.where(l == 0, 1, l)
    return np.rint(m * s).astype(np.int8), s


def int8_eps(W, A, B, alpha):
    m = mg(W, A, B, alpha)
    s = 127 / (np.abs(m).max(1, keepdims=True) + 1e-9)
    return np.rint(m * s).astype(np.int8), s


def int8_eps32(W, A, B, alpha):
    m = mg(W, A, B, alpha)
    s = 127 / np.maximum(np.abs(m).max(1, keepdims=True), 1e-9)
    return np.rint(m * s).astype(np.int8), s


def int8_trunc(W, A, B, alpha):
    m = mg(W, A, B, alpha)
    l = np.abs(m).max(1, keepdims=True)
    s = 127 / np.where(l == 0, 1, l)
    return (m * s).astype(np.int8), s


def int8_128(W, A, B, alpha):
    m = mg(W, A, B, alpha)
    l = np.abs(m).max(1, keepdims=True)
    s = 128 / np.where(l == 0, 1, l)
    return np.rint(m * s).astype(np.int8), s


def int8_W(W, A, B, alpha):
    m = W
    l = np.abs(m).max(1, keepdims=True)
    s = 127 / np.where(l == 0, 1, l)
    return np.rint(m * s).astype(np.int8), s


def int8_inv(W, A, B, alpha):
    c, s = int8_row(W, A, B, alpha)
    return c, 1 / s


def int8_float(W, A, B, alpha):
    c, s = int8_row(W, A, B, alpha)
    return c.astype(np.float32), s


def int8_loop(W, A, B, alpha):
    m = mg(W, A, B, alpha)
    c = np.zeros(m.shape, np.int8)
    s = np.ones((len(m), 1))
    for i, r in enumerate(m):
        if np.abs(r).max() > 0:
            s[i] = 127 / np.abs(r).max()
        c[i] = np.rint(r * s[i])
    return c, s


def drift_zero_m(table, adam, target, final):
    for _day in range(20):
        grad = table.value - target
        grad[final] = 0
        adam.state(table)["momentum"][final] = 0
        adam.apply([grad], [table])


def drift_only_others(table, adam, target, final):
    others = np.setdiff1d(np.arange(len(target)), final)
    rest = table.value.copy()
    for _day in range(20):
        adam.apply([table.value - target], [table])
        rest[others] = table.value[others]
        table.assign(rest)


def merge_all_scaled(W, A, B, alpha):
    return alpha / A.shape[1] * (W + A @ B)


def merge_lesson_scale(W, A, B, alpha):
    return W + 2.0 * (A @ B)


def pack_one_row(codes):
    out = []
    for d in range(0, len(codes), 2):
        high = codes[d + 1] & 15 if d + 1 < len(codes) else 0 * codes[d]
        out.append((codes[d] & 15) | (high << 4))
    return np.array(out, np.uint8)


def pack_repeats_last(codes):
    if codes.shape[-1] % 2:
        codes = np.concatenate([codes, codes[..., -1:]], -1)
    return (codes[..., 0::2] & 15) | ((codes[..., 1::2] & 15) << 4)


def unpack_u8(packed, D):
    codes = np.zeros((*packed.shape[:-1], 2 * packed.shape[-1]), np.uint8)
    codes[..., 0::2], codes[..., 1::2] = packed & 15, packed >> 4 & 15
    return np.where(codes > 7, codes - 16, codes)[..., :D]


def tied_over_n(E, ids, g):
    return tied_ref(E, ids, g) / max(len(ids), 1)


def tied_first(E, ids, g):
    grad, back = g.T @ E[ids], g @ E
    rows, first = np.unique(ids, return_index=True)
    grad[rows] += back[first]
    return grad


def odd_from_first(t, ids):
    u = unit(t[ids])
    return ids[(u @ u[0]).argmin()]


def odd_lonely(t, ids):
    u = unit(t[ids])
    cosines = u @ u.T
    np.fill_diagonal(cosines, -1)
    return ids[cosines.max(1).argmin()]


def read_closed(path):
    with h5py.File(path) as f:
        t = f["layers/embedding/vars/0"]
    return t[:]


def loss_max(ids, g, V):
    grad = np.zeros((V, g.shape[-1]), g.dtype)
    np.maximum.at(grad, ids, g)
    return grad


def factor_zero_row(p):
    words = Embedding(14, 1, weights=p, padding_idx=0)
    return Sequential([words, Discount(), GlobalAveragePooling1D()], strict_masks="ignore")


def int8_small_alpha(W, A, B, alpha):
    return int8_row(W, A, B, alpha / 10)


def int8_floor(W, A, B, alpha):
    scale = int8_row(W, A, B, alpha)[1]
    return np.floor(mg(W, A, B, alpha) * scale).astype(np.int8), scale


RIGHT = "right"
TABLE = [
    ("07.merge", merge_r, None),
    ("07.merge", merge_np64, None),
    ("07.merge", merge_noscale, None),
    ("07.merge", merge_alpha, None),
    ("07.merge", merge_sqrt, None),
    ("07.merge", merge_shape0, None),
    ("07.merge", merge_B1, None),
    ("07.merge", merge_inv, None),
    ("07.merge", merge_place, None),
    ("07.merge", merge_star, None),
    ("07.merge", merge_only, None),
    ("07.merge", merge_minus, None),
    ("07.merge", merge_loop, RIGHT),
    ("07.merge", merge_loop3, RIGHT),
    ("07.merge", merge_BA, None),
    ("07.merge", merge_float, None),
    ("07.merge", merge_intdiv, None),
    ("07.merge", merge_alpha_rhs, RIGHT),
    ("08.pack", pack_ref, RIGHT),
    ("08.pack", pack_u8, RIGHT),
    ("08.pack", pack_swap, None),
    ("08.pack", pack_nomask, None),
    ("08.pack", pack_even, None),
    ("08.pack", pack_halves, None),
    ("08.pack", pack_plus8, None),
    ("08.pack", pack_loop1, RIGHT),
    ("08.pack", pack_flat, None),
    ("08.pack", pack_plus, None),
    ("08.pack", pack_16, RIGHT),
    ("08.pack", pack_15, None),
    ("08.pack", pack_pad1, RIGHT),
    ("08.unpack", unpack_ref, RIGHT),
    ("08.unpack", unpack_nosign, None),
    ("08.unpack", unpack_noD, None),
    ("08.unpack", unpack_halves, None),
    ("08.unpack", unpack_shiftonly, RIGHT),
    ("08.unpack", unpack_lowunsigned, None),
    ("08.unpack", unpack_shifts, RIGHT),
    ("08.unpack", unpack_minus8, None),
    ("08.unpack", unpack_gt8, None),
    ("08.unpack", unpack_15, None),
    ("08.unpack", unpack_loop, RIGHT),
    ("08.unpack", unpack_i64, RIGHT),
    ("09.tied_gradient", tied_ref, RIGHT),
    ("09.tied_gradient", tied_lookup, "M18"),
    ("09.tied_gradient", tied_scores, None),
    ("09.tied_gradient", tied_assign, None),
    ("09.tied_gradient", tied_set, None),
    ("09.tied_gradient", tied_mean, "M4"),
    ("09.tied_gradient", tied_loop, RIGHT),
    ("09.tied_gradient", tied_onehot, None),
    ("09.tied_gradient", tied_double, None),
    ("09.tied_gradient", tied_only_read, "M18"),
    ("09.tied_gradient", tied_only_read2, "M18"),
    ("09.tied_gradient", tied_place, None),
    ("09.tied_gradient", tied_meandup, "M4"),
    ("10.odd", odd_ref, RIGHT),
    ("10.odd", odd_pos, None),
    ("10.odd", odd_max, None),
    ("10.odd", odd_nonorm, None),
    ("10.odd", odd_meanraw, None),
    ("10.odd", odd_dist, None),
    ("10.odd", odd_pair, RIGHT),
    ("10.odd", odd_pairmean, RIGHT),
    ("10.odd", odd_all, None),
    ("10.odd", odd_list, RIGHT),
    ("10.odd", odd_int, RIGHT),
    ("10.odd", odd_loop, RIGHT),
    ("10.odd", odd_loop_raw, None),
    ("10.odd", odd_normall, None),
    ("11.read", read_ref, RIGHT),
    ("11.read", read_plain, None),
    ("11.read", read_mul, None),
    ("11.read", read_noax, None),
    ("11.read", read_adapter, "M15"),
    ("11.read", read_base, None),
    ("11.read", read_always, None),
    ("11.read", read_open, None),
    ("11.read", read_openR, RIGHT),
    ("11.read", read_f64, RIGHT),
    ("11.read", read_loop, RIGHT),
    ("11.read", read_loop_int, None),
    ("11.read", read_try, RIGHT),
    ("12.id", id_raise, None),
    ("12.id", id_14, None),
    ("12.id", id_plus1, RIGHT),
    ("12.id", id_plus2, None),
    ("12.id", id_len, None),
    ("12.id", id_big, None),
    ("12.id", id_nomask, None),
    ("12.id", id_noseed, RIGHT),
    ("12.loss", loss_addat, RIGHT),
    ("12.loss", loss_set, None),
    ("12.loss", loss_mean, "M4"),
    ("12.loss", loss_onehot, "M1"),
    ("12.loss", loss_bincount, None),
    ("12.loss", loss_where, RIGHT),
    ("12.loss", loss_div, None),
    ("12.loss", loss_V5b, None),
    ("12.factor", factor_noflag, None),
    ("12.factor", factor_after, RIGHT),
    ("12.factor", factor_md, RIGHT),
    ("12.factor", factor_drop, None),
    ("12.factor", factor_nomask, None),
    ("12.factor", factor_md_ign, RIGHT),
    ("12.factor", factor_warn, None),
    ("12.factor", factor_attr, RIGHT),
    ("12.drift", drift_same, None),
    ("12.drift", drift_w, None),
    ("12.drift", drift_after, RIGHT),
    ("12.drift", drift_view, None),
    ("12.drift", drift_newadam, None),
    ("12.drift", drift_sgd, None),
    ("12.drift", drift_inloop, RIGHT),
    ("12.drift", drift_assign, RIGHT),
    ("12.drift", drift_loop, RIGHT),
    ("12.drift", drift_zero_m, RIGHT),
    ("12.drift", drift_only_others, RIGHT),
    ("12.int8", int8_row, RIGHT),
    ("12.int8", int8_nokeep, None),
    ("12.int8", int8_nokeep2, None),
    ("12.int8", int8_col, None),
    ("12.int8", int8_zero, None),
    ("12.int8", int8_noabs, None),
    ("12.int8", int8_eps, RIGHT),
    ("12.int8", int8_eps32, RIGHT),
    ("12.int8", int8_trunc, None),
    ("12.int8", int8_128, None),
    ("12.int8", int8_W, None),
    ("12.int8", int8_inv, None),
    ("12.int8", int8_float, None),
    ("12.int8", int8_loop, RIGHT),
    ("07.merge", merge_all_scaled, None),
    ("07.merge", merge_lesson_scale, None),
    ("08.pack", pack_one_row, None),
    ("08.pack", pack_repeats_last, None),
    ("08.unpack", unpack_u8, None),
    ("09.tied_gradient", tied_over_n, None),
    ("09.tied_gradient", tied_first, None),
    ("10.odd", odd_from_first, None),
    ("10.odd", odd_lonely, None),
    ("11.read", read_closed, None),
    ("12.loss", loss_max, None),
    ("12.factor", factor_zero_row, None),
    ("12.int8", int8_small_alpha, None),
    ("12.int8", int8_floor, None),
]


@pytest.mark.parametrize(
    ("exercise", "attempt", "diagnosis"), TABLE, ids=[attempt.__name__ for _, attempt, _ in TABLE]
)
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_a_natural_attempt_is_answered(exercise, attempt, diagnosis):
    verdict = check(exercise, attempt)
    assert bool(verdict) == (diagnosis == RIGHT), verdict
    if diagnosis != RIGHT:
        assert verdict.misconception == diagnosis, verdict
        assert len(verdict.message) > 40  # what is wrong
        assert verdict.case or "the broken one" in verdict.message  # and where


@pytest.mark.parametrize(
    ("exercise", "attempt", "sentence"),
    [
        ("07.merge", merge_lesson_scale, "always 2, as in a cell above"),
        ("08.pack", pack_one_row, "use the last axis"),
        ("08.pack", pack_repeats_last, "its high half is 0"),
        ("08.unpack", unpack_u8, "has no negative numbers"),
        ("09.tied_gradient", tied_over_n, "divided by the number of words"),
        ("10.odd", odd_from_first, "with the first of them"),
        ("11.read", read_closed, "after its file was closed"),
        ("12.int8", int8_floor, "moved down"),
    ],
)
def test_a_message_names_the_mistake(exercise, attempt, sentence):
    assert sentence in check(exercise, attempt).message
