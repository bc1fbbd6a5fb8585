"""Configs of lazy optimizers, and a plain layer that takes the same steps as the shards."""

import numpy as np
import pytest

from embedlab import optimizers
from embedlab.distributed import ShardedEmbedding, Sharding
from embedlab.layers import Embedding

LAZY = {"sparse_update": "lazy"}
RULES = {
    "sgd": {"class_name": "SGD", "config": {"learning_rate": 0.1, **LAZY}},
    "momentum": {"class_name": "SGD", "config": {"momentum": 0.9, "nesterov": True, **LAZY}},
    "adagrad": {"class_name": "Adagrad", "config": {"learning_rate": 0.05, **LAZY}},
    "adam": {"class_name": "Adam", "config": {"amsgrad": True, "weight_decay": 0.01, **LAZY}},
}


class Reference:
    """One table on one machine: an `Embedding`, perhaps with adapters, and an optimizer."""

    def __init__(self, layer: Embedding, rule: str):
        self.layer, self.optimizer = layer, optimizers.deserialize(RULES[rule])

    def step(self, ids, grad):
        _, context = self.layer.forward(ids)
        gradients = self.layer.backward(context, grad).weights
        variables = {variable.name: variable for variable in self.layer.weights}
        self.optimizer.apply(gradients.values(), [variables[name] for name in gradients])


@pytest.fixture(scope="session")
def make_pair():
    """Return a function that makes a plain table and its shards, with equal rows."""

    def make(rows, columns, rule, client=None, scheme="row_wise", shards=2, hot=0, **options):
        dtype = options.pop("dtype", "float32")
        placement = options.pop("placement", "memory")
        prepare = options.pop("prepare", lambda layer: None)
        layer = Embedding(rows, columns, seed=5, dtype=dtype, **options)
        layer.build()
        prepare(layer)
        plan = Sharding(rows, columns, scheme, shards, replicated=hot)
        settings = {"optimizer": RULES[rule], "timeout": 60.0, "placement": placement}
        return Reference(layer, rule), ShardedEmbedding.from_embedding(
            layer, client, plan, **settings
        )

    return make


@pytest.fixture(scope="session")
def assert_same_training(make_pair):
    """Return a function that takes steps on both, and compares every bit."""

    def check(rule, shape, seed, client=None, steps=20, **options):
        rows, columns = shape
        reference, table = make_pair(rows, columns, rule, client, **options)
        rng = np.random.default_rng(seed)
        for _ in range(steps):
            ids = rng.integers(0, rows, (3, int(rng.integers(0, 9))))
            grad = rng.normal(size=(*ids.shape, columns)).astype(table.dtype)
            np.testing.assert_array_equal(table(ids), reference.layer(ids), strict=True)
            table.step(table.backward(ids, grad))
            reference.step(ids, grad)
        every = np.arange(rows)
        np.testing.assert_array_equal(table(every), reference.layer(every), strict=True)
        assert table.iterations == steps
        return reference, table

    return check
