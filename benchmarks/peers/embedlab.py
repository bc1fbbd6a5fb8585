"""embedlab: the public functions, checks included, as a user calls them."""

import subprocess
import sys

import numpy as np

from embedlab.core.gradient import coalesce, grad_table
from embedlab.core.lookup import lookup
from embedlab.core.lora import Adapter, grad_lora, lora_lookup
from embedlab.core.optimizers import adagrad, adam
from embedlab.core.quantize import quantize_rows, quantized_lookup
from embedlab.core.skipgram import train_skipgram
from embedlab.layers import Embedding


def same(result):
    return result


def plain(i):
    return lambda: lookup(i["table"], i["ids"]), same


def sparse_gradient(i):
    return lambda: coalesce(i["ids"], i["grad"], i["rows"]), lambda r: r.to_dense()


def dense_gradient(i):
    return lambda: grad_table(i["ids"], i["grad"], i["rows"]), same


def lazy_adam(i):
    table, m, v = i["table"].copy(), np.zeros_like(i["table"]), np.zeros_like(i["table"])
    steps = iter(range(1, 10**9))

    def call():
        adam(table, (i["ids"], i["grad"]), m, v, time=next(steps), sparse_update="lazy")

    return call, lambda r: None


def lazy_adagrad(i):
    table, total = i["table"].copy(), np.zeros_like(i["table"])

    def call():
        adagrad(table, (i["ids"], i["grad"]), total, sparse_update="lazy")

    return call, lambda r: None


def lora(i):
    adapter = Adapter(i["a"], i["b"], i["scale"])
    return lambda: lora_lookup(i["table"], i["ids"], [adapter]), same


def lora_backward(i):
    adapter = Adapter(i["a"], i["b"], i["scale"])
    return (lambda: grad_lora(i["ids"], i["grad"], adapter), lambda r: [r[0].to_dense(), r[1]])


def layer(i):
    embedding = Embedding(*i["table"].shape, weights=i["table"])
    return lambda: embedding(i["ids"]), np.asarray


def quantized(bits):
    def setup(i):
        table = quantize_rows(i["table"], bits)
        call = lambda: quantized_lookup(table, i["ids"])
        step = np.abs(i["table"][i["ids"]]).max(1, keepdims=True) / (127 if bits == 8 else 7)
        assert (np.abs(call() - i["table"][i["ids"]]) <= 0.501 * step).all()
        return call, lambda r: None

    return setup


def bag(mode):
    def setup(i):
        from embedlab.core.bag import bag as pool

        return lambda: pool(i["table"], i["ids"], mode=mode), same

    return setup


def nearest(i):
    from embedlab.core.geometry import nearest as find

    def call():
        return find(i["table"], i["queries"], i["count"])

    return call, lambda r: r[1]


def skipgram(threads):
    def setup(i):
        train_skipgram(i["ids"][:1000], i["rows"], i["dim"], epochs=1, threads=threads)

        def call():
            train_skipgram(i["ids"], i["rows"], i["dim"], epochs=1, threads=threads)

        return call, lambda r: None

    return setup


def whole_process(code):
    """A new interpreter from start to end."""
    return subprocess.run([sys.executable, "-c", code], check=True, capture_output=True).stdout


def importing(i):
    return lambda: whole_process(i["code"]), lambda r: None


def first_use(i):
    code = "from embedlab.lessons.precompile import warm; print(warm(progress=False)['misses'])"
    whole_process(code)  # as `embedlab warm` does

    def call():
        compiled = int(whole_process(code))
        assert compiled == 0, f"{compiled} kernels were compiled again"

    return call, lambda r: None


CALLS = {
    "lookup": plain,
    "layer": layer,
    "sparse gradient": sparse_gradient,
    "dense gradient": dense_gradient,
    "lazy Adam": lazy_adam,
    "Adagrad": lazy_adagrad,
    "LoRA forward": lora,
    "LoRA layer": lora,
    "LoRA backward": lora_backward,
    "bag sum": bag("sum"),
    "bag mean": bag("mean"),
    "bag max": bag("max"),
    "int8 lookup": quantized(8),
    "int4 lookup": quantized(4),
    "int8 layer": quantized(8),
    "int4 layer": quantized(4),
    "nearest": nearest,
    "skip-gram": skipgram(1),
    "skip-gram two threads": skipgram(2),
    "import": importing,
    "first use": first_use,
}
