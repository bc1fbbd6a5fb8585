"""NumPy: `take`, fancy indexing, `add.at`, BLAS with argpartition."""

import numpy as np


def lookup(i):
    return lambda: np.take(i["table"], i["ids"], axis=0), lambda r: r


def dense_gradient(i):
    def call():
        grad = np.zeros((i["rows"], i["grad"].shape[1]), np.float32)
        np.add.at(grad, i["ids"], i["grad"])
        return grad

    return call, lambda r: r


def nearest(i):
    norms = np.linalg.norm(i["table"], axis=1)

    def call():
        queries = i["queries"] / np.linalg.norm(i["queries"], axis=1, keepdims=True)
        scores = queries @ i["table"].T
        scores /= norms
        best = np.argpartition(scores, -i["count"], axis=1)[:, -i["count"] :]
        best_scores = np.take_along_axis(scores, best, axis=1)
        order = np.argsort(-best_scores, axis=1)
        return np.take_along_axis(best, order, axis=1), np.take_along_axis(
            best_scores, order, axis=1
        )

    return call, lambda r: r[1]


CALLS = {"lookup": lookup, "dense gradient": dense_gradient, "nearest": nearest}
