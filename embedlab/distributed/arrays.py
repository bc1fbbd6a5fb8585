"""The arrays of a shard, with their names and forms: rows as floats or codes, slots, adapters.

Shards, files and the caller agree on names and shapes by the functions here.
"""

from typing import Any, NamedTuple

from embedlab import optimizers, quantizers
from embedlab.core.checks import message
from embedlab.distributed.sharding import Sharding

__all__ = ["ArrayForm", "ShardOptions", "adapter_name", "array_forms", "check_codes"]


class ShardOptions(NamedTuple):
    """The arguments that every shard of a table has in common.

    Attributes
    ----------
    dtype : str
    placement : {"memory", "disk"}
        Of floats and their slots; codes and adapters lie in memory.
    optimizer : dict
        The optimizer as `embedlab.optimizers.serialize` returns it.
    initializer : dict or None
        As `embedlab.initializers.serialize` returns it; None leaves zeros, to be loaded into.
    seed : int
    padding_idx : int or None
        A row of the table that no step moves.
    quantization : dict or None
        The config of codes, as `embedlab.quantizers.serialize` returns it; None for floats.
    adapters : tuple of dict
        name, rank, alpha and rslora of each adapter, whose numbers are zeros at first.
    active : tuple of str
        The names of adapters that count.
    """

    dtype: str = "float32"
    placement: str = "memory"
    optimizer: Any = None
    initializer: Any = None
    seed: int = 0
    padding_idx: int | None = None
    quantization: Any = None
    adapters: tuple[dict[str, Any], ...] = ()
    active: tuple[str, ...] = ()


class ArrayForm(NamedTuple):
    """The form of one array of a shard.

    Attributes
    ----------
    shape : tuple of int
    dtype : str
    unit : int
        How many columns of the table one of its columns stands for; 0 where it has other columns
        (A of an adapter, the scale of a whole row).
    by_row : bool
        Whether it has an entry for each row. B of an adapter and its slots have not: they have the
        ranks in front, and every shard has all of them.
    """

    shape: tuple[int, ...]
    dtype: str
    unit: int = 1
    by_row: bool = True

    def place(self, rows: Any, columns: slice) -> Any:
        """Return the index of some rows, and of the columns of the table `columns`."""
        if not self.unit:
            return (rows,)
        return rows, slice(columns.start // self.unit, -(-columns.stop // self.unit))


def adapter_name(number: int, factor: str) -> str:
    """Return the name of the array "a" or "b" of an adapter."""
    return f"adapter.{number}.{factor}"


def array_forms(sharding: Sharding, shard: int, options: ShardOptions) -> dict[str, ArrayForm]:
    """Return the form of each array of a shard, by name.

    >>> options = ShardOptions(optimizer={"class_name": "SGD", "config": {"momentum": 0.9}})
    >>> forms = array_forms(Sharding(6, 4, "column_wise", 2), 1, options)
    >>> {name: form.shape for name, form in forms.items()}
    {'embeddings': (6, 2), 'slot.momentum': (6, 2)}
    """
    rows, columns = sharding.shape(shard)
    slots = optimizers.deserialize(options.optimizer).slots
    forms: dict[str, ArrayForm] = {}
    if options.quantization is None:
        forms["embeddings"] = ArrayForm((rows, columns), options.dtype)
        forms.update({f"slot.{slot}": forms["embeddings"] for slot in slots})
    else:
        config = quantizers.get(options.quantization)
        packed, block = 8 // config.bits, _block(config)
        groups = (rows, -(-columns // block)) if block else (rows,)
        forms["codes"] = ArrayForm((rows, -(-columns // packed)), "int8", packed)
        forms["scale"] = ArrayForm(groups, options.dtype, block)
        if block:
            forms["zero"] = ArrayForm(groups, "int8", block)
    for number, adapter in enumerate(options.adapters):
        rank, a, b = adapter["rank"], adapter_name(number, "a"), adapter_name(number, "b")
        forms[a] = ArrayForm((rows, rank), options.dtype, 0)
        forms[b] = ArrayForm((rank, columns), options.dtype, 1, by_row=False)
        for name in (a, b):
            forms.update({f"{name}.slot.{slot}": forms[name] for slot in slots})
    return forms


def check_codes(sharding: Sharding, config: Any) -> None:
    """Refuse codes of a table whose columns are split where a scale holds for more of them.

    >>> check_codes(Sharding(6, 4, "column_wise", 2), quantizers.get("int8"))
    Traceback (most recent call last):
    ValueError: the columns that share a scale must lie in one shard. Received columns 0 to 4, \
split by column_wise at 2. Split the table by rows, or at multiples of a block size.
    """
    if sharding.scheme != "column_wise":
        return
    block = _block(config) or sharding.output_dim
    for shard in range(1, sharding.shards):
        split = sharding.columns(shard).start
        if split % block or split % (8 // config.bits):
            first = split // block * block
            last = min(first + block, sharding.output_dim)
            must = "the columns that share a scale must lie in one shard"
            if not split % block:
                must = "the two codes of a byte must lie in one shard"
                first, last = split - 1, split + 1
            received = f"columns {first} to {last}, split by column_wise at {split}"
            do = "Split the table by rows, or at multiples of a block size"
            raise ValueError(message(must, received, do))


def _block(config: Any) -> int:
    """Return how many numbers share a scale; 0 for whole rows."""
    return 0 if config.block_size in (None, -1) else int(config.block_size)
