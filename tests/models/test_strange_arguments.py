"""Every argument of every public class below the traces, with values of another kind.

Either it works, down to a step of training, or the error is one line of ours.
"""

import copy
import inspect

import numpy as np
import pytest
import strange_values

from embedlab import (
    callbacks,
    constraints,
    initializers,
    losses,
    metrics,
    optimizers,
    quantizers,
    regularizers,
)
from embedlab import layers as L
from embedlab.models import Model, Sequential

IDS, FLOATS = np.array([[1, 2, 0], [0, 1, 1]]), np.ones((2, 3, 2), "f4")


STRANGE = {
    **strange_values.STRANGE,
    "None": None,
    "NaN": np.nan,
    "a bytes": b"x",
    "a ragged list": [[1], [1, 2]],
    "True": True,
    "below 0": -1,
    "a huge number": 2**80,
}


def step(layer, x, **call):
    """Build a layer, call it, and go back."""
    outputs, context = layer.forward(x, **call)
    layer.backward(context, np.ones_like(outputs))
    layer.compute_output_shape(x.shape)
    layer.get_config()
    repr(layer)


def on_ids(layer):
    step(layer, IDS)


def on_floats(layer):
    step(layer, FLOATS)
    chain = Sequential([L.Input((3, 2)), layer])
    chain.compile("sgd", "mse")
    if layer.trainable_weights:
        chain.fit(FLOATS, np.zeros(chain.predict(FLOATS, verbose=0).shape), verbose=0)


def on_table(optimizer):
    """Two steps, with a dense gradient and a sparse one."""
    table = L.Variable(np.ones((4, 2), "f4"))
    layer = L.Embedding(4, 2)
    layer.build()
    sparse = layer.backward(layer.forward(IDS)[1], np.ones((2, 3, 2))).weights["embeddings"]
    optimizer.apply([np.ones((4, 2))], [table])
    optimizer.apply([sparse], [table])
    optimizer.clone()


def as_loss(loss):
    true = np.array([0, 1]) if "Sparse" in type(loss).__name__ else np.eye(2)
    predicted = np.full((2, 2), 0.5)
    loss(true, predicted), loss.grad(true, predicted), loss.clone()


def as_metric(metric):
    metric.update_state([0, 1], [[0.2, 0.8], [0.3, 0.7]])
    metric.result(), metric.clone()


def as_initializer(initializer):
    initializer((4, 2)), initializer.clone()
    step(L.Embedding(4, 2, initializer, seed=1), IDS)


def as_regularizer(regularizer):
    regularizer(np.ones((4, 2))), regularizer.grad(np.ones((4, 2)))
    fit(L.Embedding(4, 2, embeddings_regularizer=regularizer))


def as_constraint(constraint):
    constraint(np.ones((4, 2)))
    fit(L.Embedding(4, 2, embeddings_constraint=constraint))


def fit(layer, **options):
    chain = Sequential([L.Input((3,)), layer])
    chain.compile("sgd", "mse")
    chain.fit(IDS, FLOATS, epochs=2, verbose=0, **options)


def as_callback(callback):
    fit(L.Embedding(4, 2), callbacks=callback)


def as_quantization(config):
    layer = L.Embedding(4, 2, quantization_config=config)
    layer.build()
    layer.quantize()
    layer.get_config(), layer(IDS)


def in_chain(chain):
    chain.build((None, 3))
    chain.compile("sgd", "mse")
    chain.fit(IDS, FLOATS, verbose=0)
    chain.get_config()


def trained():
    chain = Sequential([L.Input((3,)), L.Embedding(4, 2, name="words")])
    chain.compile("sgd", "mse")
    return chain


def built(**options):
    layer = L.Embedding(4, 2, **options)
    layer.build()
    return layer


def adapted():
    layer = built()
    layer.add_adapter("a", 1)
    return layer


def backward(layer, grad, context=None):
    return layer.backward(layer.forward(IDS)[1] if context is None else context, grad)


def from_pretrained(layer, table, freeze=False):
    return L.Embedding.from_pretrained(table, freeze)


def logits(layer, inputs):
    return layer(inputs, reverse=True)


def on_variable(variable):
    optimizers.SGD().apply([np.ones((4, 2))], [variable])


ROWS, UNITS = {"input_dim": 4, "output_dim": 2}, {"units": 2}
CONSTRUCTORS = {
    "Embedding": (L.Embedding, on_ids, ROWS),
    "Embedding of rank 1": (L.Embedding, on_ids, {**ROWS, "lora_rank": 1}),
    "ReversibleEmbedding": (L.ReversibleEmbedding, on_ids, ROWS),
    "EmbeddingBag": (L.EmbeddingBag, on_ids, ROWS),
    "Dense": (L.Dense, on_floats, UNITS),
    "Conv1D": (L.Conv1D, on_floats, {"filters": 2, "kernel_size": 2}),
    "Flatten": (L.Flatten, on_floats, {}),
    "Reshape": (L.Reshape, on_floats, {"target_shape": (6,)}),
    "Dropout": (L.Dropout, on_floats, {"rate": 0.5}),
    "Masking": (L.Masking, on_floats, {}),
    "GlobalAveragePooling1D": (L.GlobalAveragePooling1D, on_floats, {}),
    "GlobalMaxPooling1D": (L.GlobalMaxPooling1D, on_floats, {}),
    "LayerNormalization": (L.LayerNormalization, on_floats, {}),
    **{kind.__name__: (kind, on_floats, UNITS) for kind in (L.SimpleRNN, L.GRU, L.LSTM)},
    **{
        name: (kind, use, {})
        for module, use in (
            (optimizers, on_table),
            (losses, as_loss),
            (initializers, as_initializer),
            (regularizers, as_regularizer),
            (constraints, as_constraint),
            (quantizers, as_quantization),
        )
        for name, kind in module.REGISTRY.classes.items()
    },
    "Accuracy": (metrics.Accuracy, as_metric, {}),
    "EarlyStopping": (callbacks.EarlyStopping, as_callback, {"monitor": "loss"}),
    "Sequential": (Sequential, in_chain, {"layers": [L.Embedding(4, 2)]}),
    "Input": (L.Input, repr, {"shape": (3,)}),
    "Variable": (L.Variable, on_variable, {"value": np.ones((4, 2))}),
}
METHODS = {
    "compile": (Model.compile, trained, {"optimizer": "sgd", "loss": "mse"}),
    "fit": (Model.fit, trained, {"x": IDS, "y": FLOATS, "verbose": 0}),
    "evaluate": (Model.evaluate, trained, {"x": IDS, "y": FLOATS, "verbose": 0}),
    "predict": (Model.predict, trained, {"x": IDS, "verbose": 0}),
    "get_layer": (Model.get_layer, trained, {"name": "words"}),
    "add": (Sequential.add, trained, {"layer": L.Embedding(4, 2)}),
    "call of a model": (Model.forward, trained, {"inputs": IDS}),
    "add_weight": (L.Layer.add_weight, built, {"shape": (4, 2)}),
    "set_weights": (L.Layer.set_weights, built, {"weights": [np.ones((4, 2))]}),
    "build": (L.Dense.build, lambda: L.Dense(2), {"input_shape": (None, 3)}),
    "call": (L.Embedding.call, built, {"inputs": IDS}),
    "forward": (L.Embedding.forward, built, {"inputs": IDS}),
    "backward": (backward, built, {"grad": FLOATS}),
    "nearest": (L.Embedding.nearest, built, {"query": 1, "k": 2}),
    "resize": (L.Embedding.resize, built, {"input_dim": 6, "init": "copy"}),
    "quantize": (L.Embedding.quantize, built, {"mode": "int8"}),
    "enable_lora": (L.Embedding.enable_lora, built, {"rank": 1}),
    "add_adapter": (L.Embedding.add_adapter, built, {"name": "a", "rank": 1}),
    "set_active": (L.Embedding.set_active, adapted, {"names": "a"}),
    "remove": (L.Embedding.remove, adapted, {"name": "a"}),
    "merge": (L.Embedding.merge, adapted, {}),
    "merge_and_unload": (L.Embedding.merge_and_unload, adapted, {}),
    "memory_report": (L.Embedding.memory_report, built, {}),
    "from_pretrained": (from_pretrained, built, {"table": np.ones((4, 2))}),
    "forward of a bag": (L.EmbeddingBag.forward, lambda: L.EmbeddingBag(4, 2), {"inputs": IDS}),
    "logits": (logits, lambda: L.ReversibleEmbedding(4, 2), {"inputs": FLOATS}),
    "assign": (L.Variable.assign, lambda: L.Variable(np.ones((4, 2))), {"value": np.ones((4, 2))}),
    "apply": (
        optimizers.Optimizer.apply,
        optimizers.SGD,
        {"grads": [1.0], "variables": [L.Variable(1.0)]},
    ),
}
NO_ARGUMENT = {
    ("Variable", "constraint"),  # layers look it up
    ("Variable", "regularizer"),
    ("forward", "training"),  # fit passes it
    ("call of a model", "training"),
    ("forward of a bag", "training"),
}


def arguments_of(function):
    """Return the names of the arguments; ``**options`` are those of the base class."""
    if isinstance(function, type):
        names = []
        for kind in function.__mro__[:-1]:
            if "__init__" in vars(kind):
                parameters = list(inspect.signature(kind.__init__).parameters.values())[1:]
                names += [p.name for p in parameters if p.kind is not p.VAR_KEYWORD]
                if all(p.kind is not p.VAR_KEYWORD for p in parameters):
                    break
        return list(dict.fromkeys(names))
    parameters = inspect.signature(function).parameters.values()
    return [p.name for p in parameters if p.kind is not p.VAR_KEYWORD]


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", [*CONSTRUCTORS, *METHODS])
def test_a_value_of_another_kind_works_or_gets_one_line_of_ours(name, capsys):
    if name in CONSTRUCTORS:
        call, use, good = CONSTRUCTORS[name]
        options, act = arguments_of(call), lambda arguments: use(call(**arguments))
    else:
        call, make, good = METHODS[name]
        options, act = arguments_of(call)[1:], lambda arguments: call(make(), **arguments)
    act(copy.deepcopy(good))
    foreign = []
    for option in options:
        if (name, option) in NO_ARGUMENT:
            continue
        for kind, value in STRANGE.items():
            try:
                act({**copy.deepcopy(good), option: copy.copy(value)})
            except (TypeError, ValueError, IndexError, NotImplementedError) as error:
                if "received" not in str(error).lower() or "\n" in str(error):
                    foreign.append(f"{option}={kind}: {type(error).__name__}: {error}")
    assert not foreign, "\n".join(foreign)
