"""PyTorch on the CPU: F.embedding, embedding_bag, both backward ways, optimizers, quantized ops."""

import numpy as np
import torch
import torch.nn.functional as F

torch.set_num_threads(2)


def t(array):
    return torch.from_numpy(np.ascontiguousarray(array))


def lookup(i):
    weight, ids = t(i["table"]), t(i["ids"])

    @torch.no_grad()
    def call():
        return F.embedding(ids, weight)

    return call, lambda r: r.numpy()


def sparse_gradient(i):
    rows, columns = i["rows"], i["grad"].shape[1]
    grad, ids = t(i["grad"]), t(i["ids"])

    def call():
        grad_table = torch.ops.aten.embedding_sparse_backward(grad, ids, rows, -1, False)
        return grad_table.coalesce()

    return call, lambda r: r.to_dense().reshape(rows, columns).numpy()


def dense_gradient(i):
    grad, ids = t(i["grad"]), t(i["ids"])

    def call():
        return torch.ops.aten.embedding_dense_backward(grad, ids, i["rows"], -1, False)

    return call, lambda r: r.numpy()


def step(make):
    def setup(i):
        weight = torch.nn.Parameter(t(i["table"].copy()))
        optimizer = make([weight])
        grad, ids = t(i["grad"]), t(i["ids"])

        def call():
            weight.grad = torch.ops.aten.embedding_sparse_backward(
                grad, ids, len(weight), -1, False
            )
            optimizer.step()

        return call, lambda r: None

    return setup


def lora(i):
    weight, a, b, ids = t(i["table"]), t(i["a"]), t(i["b"]), t(i["ids"])

    @torch.no_grad()
    def call():
        return torch.addmm(F.embedding(ids, weight), F.embedding(ids, a), b, alpha=i["scale"])

    return call, lambda r: r.numpy()


def lora_backward(i):
    a, b, ids, grad = t(i["a"]), t(i["b"]), t(i["ids"]), t(i["grad"])

    @torch.no_grad()
    def call():
        grad_rows = grad @ b.T * i["scale"]
        grad_a = torch.ops.aten.embedding_sparse_backward(
            grad_rows, ids, len(a), -1, False
        ).coalesce()
        return grad_a, F.embedding(ids, a).T @ grad * i["scale"]

    return call, lambda r: [r[0].to_dense().numpy(), r[1].numpy()]


def bag(mode):
    def setup(i):
        weight, ids = t(i["table"]), t(i["ids"])

        @torch.no_grad()
        def call():
            return F.embedding_bag(ids, weight, mode=mode)

        return call, lambda r: r.numpy()

    return setup


def quantized(bits):
    """Torch has no plain quantized lookup: bags of one row are its nearest operation."""

    def setup(i):
        ops, q = torch.ops.quantized, "byte" if bits == 8 else "4bit"
        packed = getattr(ops, f"embedding_bag_{q}_prepack")(t(i["table"]))
        ids, offsets = t(i["ids"]), torch.arange(len(i["ids"]) + 1)
        run = getattr(ops, f"embedding_bag_{q}_rowwise_offsets")

        def call():
            return run(packed, ids, offsets, False, 0, False, None, None, True)

        result = call().numpy()
        span = np.ptp(i["table"][i["ids"]], axis=1, keepdims=True) / (2**bits - 1)
        assert (np.abs(result - i["table"][i["ids"]]) <= 0.51 * span + 1e-3).all()
        return call, lambda r: None

    return setup


CALLS = {
    "lookup": lookup,
    "sparse gradient": sparse_gradient,
    "dense gradient": dense_gradient,
    "lazy Adam": step(lambda p: torch.optim.SparseAdam(p, lr=1e-3)),
    "Adagrad": step(lambda p: torch.optim.Adagrad(p, lr=1e-3)),
    "LoRA forward": lora,
    "LoRA backward": lora_backward,
    "bag sum": bag("sum"),
    "bag mean": bag("mean"),
    "bag max": bag("max"),
    "int8 lookup": quantized(8),
    "int4 lookup": quantized(4),
}
