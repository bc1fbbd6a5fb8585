"""Optimizer steps against Keras, step by step, and lazy Adam against PyTorch's SparseAdam."""

import numpy as np
import pytest

from embedlab.core.gradient import grad_table
from embedlab.core.optimizers import adagrad, adam, rmsprop, sgd

STEPS = 6
CASES = 40

RULES = {
    "sgd": (lambda k, **o: k.SGD(**o), {}),
    "momentum": (lambda k, **o: k.SGD(**o), {"momentum": 0.9}),
    "nesterov": (lambda k, **o: k.SGD(**o), {"momentum": 0.8, "nesterov": True}),
    "rmsprop": (lambda k, **o: k.RMSprop(**o), {}),
    "rmsprop momentum": (lambda k, **o: k.RMSprop(**o), {"momentum": 0.5, "rho": 0.8}),
    "rmsprop centered": (
        lambda k, **o: k.RMSprop(**o),
        {"centered": True, "momentum": 0.5, "epsilon": 1e-3},
    ),
    "adagrad": (lambda k, **o: k.Adagrad(**o), {}),
    "adam": (lambda k, **o: k.Adam(**o), {}),
    "adam, other numbers": (lambda k, **o: k.Adam(**o), {"beta_1": 0.5, "beta_2": 0.9}),
    "amsgrad": (lambda k, **o: k.Adam(**o), {"amsgrad": True}),
}


def ours(name, table, options):
    """Return our step as a function of time and gradient, with its own state."""
    state = [np.zeros_like(table) for _ in range(3)]
    if name in ("sgd", "momentum", "nesterov"):
        return lambda time, grad: sgd(table, grad, state[0], **options)
    if name.startswith("rmsprop"):
        return lambda time, grad: rmsprop(table, grad, *state, **options)
    if name == "adagrad":
        state[0] += table.dtype.type(0.1)
        return lambda time, grad: adagrad(table, grad, state[0], **options)
    return lambda time, grad: adam(table, grad, *state, time=time, **options)


@pytest.mark.one_in(3)
@pytest.mark.parametrize("name", RULES)
@pytest.mark.parametrize("defaults", [True, False])
def test_every_step_is_keras_to_the_bit(keras, name, defaults):
    if keras.backend.backend() != "numpy":
        pytest.skip("bits are compared on Keras's numpy backend")
    make, options = RULES[name]
    options = dict(options) if defaults else {**options, "learning_rate": 0.3}
    for case in range(CASES):
        rng = np.random.default_rng(case)
        rows, columns = rng.integers(1, 9, size=2)
        table = rng.normal(size=(rows, columns)).astype("f4")
        variable = keras.Variable(table.copy())
        optimizer = make(keras.optimizers, **options)
        optimizer.build([variable])
        step = ours(name, table, options)
        for time in range(1, STEPS + 1):
            ids = rng.integers(rows, size=rng.integers(0, 12))
            back = rng.normal(size=(ids.size, columns)).astype("f4")
            dense = grad_table(ids, back, int(rows))
            optimizer.apply([dense])
            step(time, (ids, back))
            np.testing.assert_array_equal(table, variable.numpy(), err_msg=f"{case=} {time=}")


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_lazy_adam_is_torch_sparse_adam(torch, dtype):
    """One formula with epsilon in another place: at epsilon 0 both are the same."""
    for case in range(200):
        rng = np.random.default_rng(case)
        rows, columns = (int(n) for n in rng.integers(1, 9, size=2))
        table = rng.normal(size=(rows, columns)).astype(dtype)
        weight = torch.nn.Parameter(torch.tensor(table))
        optimizer = torch.optim.SparseAdam([weight], lr=0.01, eps=1e-30)
        m, v = np.zeros_like(table), np.zeros_like(table)
        for time in range(1, 5):
            ids = rng.integers(rows, size=rng.integers(1, 12))
            back = rng.normal(size=(ids.size, columns)).astype(dtype)
            weight.grad = torch.sparse_coo_tensor(
                torch.tensor(ids)[None], torch.tensor(back), (rows, columns), check_invariants=True
            )
            optimizer.step()
            adam(
                table,
                (ids, back),
                m,
                v,
                time=time,
                learning_rate=0.01,
                epsilon=1e-30,
                sparse_update="lazy",
            )
            tolerance = 2e-6 if dtype == "float32" else 1e-12
            np.testing.assert_allclose(
                table, weight.detach().numpy(), rtol=tolerance, atol=tolerance
            )


def test_adagrad_is_torch_adagrad_on_sparse_gradients(torch):
    for case in range(200):
        rng = np.random.default_rng(case)
        rows, columns = (int(n) for n in rng.integers(1, 9, size=2))
        table = rng.normal(size=(rows, columns))
        weight = torch.nn.Parameter(torch.tensor(table))
        optimizer = torch.optim.Adagrad(
            [weight], lr=0.05, initial_accumulator_value=0.25, eps=1e-30
        )
        accumulator = np.full_like(table, 0.25)
        for _ in range(4):
            ids = rng.integers(rows, size=rng.integers(1, 12))
            back = rng.normal(size=(ids.size, columns))
            weight.grad = torch.sparse_coo_tensor(
                torch.tensor(ids)[None], torch.tensor(back), (rows, columns), check_invariants=True
            )
            optimizer.step()
            adagrad(table, (ids, back), accumulator, learning_rate=0.05, epsilon=0)
            np.testing.assert_allclose(table, weight.detach().numpy(), rtol=1e-12, atol=1e-12)
