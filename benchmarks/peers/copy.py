"""The limit: copying as many bytes as the result has, with the same number of threads."""

import numba
import numpy as np


@numba.njit(parallel=True)
def copy_blocks(source, out):
    blocks = 64
    for block in numba.prange(blocks):
        a, b = source.size * block // blocks, source.size * (block + 1) // blocks
        out[a:b] = source[a:b]


def lookup(inputs):
    shape = (inputs["ids"].size, inputs["table"].shape[1])
    source = np.ones(shape, np.float32).reshape(-1)

    def call():
        out = np.empty(shape, np.float32)  # a fresh result, as every contestant makes one
        if out.size < 262_144:
            out.reshape(-1)[:] = source
        else:
            copy_blocks(source, out.reshape(-1))
        return out

    return call, lambda out: inputs["table"][inputs["ids"]]


CALLS = {"lookup": lookup}
