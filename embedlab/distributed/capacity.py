"""Memory for shards: what those of one machine need together, and what is free there."""

import os
import platform
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from embedlab.core.checks import message
from embedlab.distributed.arrays import ShardOptions, array_forms
from embedlab.distributed.sharding import Sharding
from embedlab.layers.allocation import TableMemoryError, nbytes_of
from embedlab.layers.memory import available_memory, in_words

__all__ = ["Machine", "check_memory", "this_machine"]

LISTED = 4


class Machine(NamedTuple):
    """A machine, or the container on it that a process is in, and the bytes that are free."""

    name: str
    free: int | None


def this_machine() -> Machine:
    """Return the machine of this process: processes of one name share what is free."""
    try:  # containers have their own limits, also those that have the name of their host
        groups = f"{os.stat('/proc/self/ns/cgroup').st_ino} "
        groups += Path("/proc/self/cgroup").read_text(encoding="utf-8", errors="replace")
    except OSError:
        groups = ""
    return Machine(f"{platform.node()} {groups}", available_memory())


def check_memory(sharding: Sharding, options: ShardOptions, machines: Sequence[Machine]) -> None:
    """Raise TableMemoryError where shards do not fit into the memory of one machine together.

    Parameters
    ----------
    sharding : Sharding
    options : ShardOptions
    machines : sequence of Machine, (S,)
        That of each shard.

    Notes
    -----
    The system grants zeros before they are used: each shard by itself would find all of the
    memory free. Slots of the optimizer count, as in a plan.

    Examples
    --------
    >>> options = ShardOptions(optimizer={"class_name": "Adagrad"})
    >>> check_memory(Sharding(1000, 8, "row_wise", 2), options, [Machine("a", 50_000)] * 2)
    Traceback (most recent call last):
    embedlab.layers.allocation.TableMemoryError: shards 0, 1 must fit together into the memory of \
one machine: 64.0 kB. Received 50.0 kB free. Use more machines, or pass \
placement="disk".
    """
    by_name: dict[str, list[int]] = {}
    for shard, machine in enumerate(machines):
        by_name.setdefault(machine.name, []).append(shard)
    for shards in by_name.values():
        needed = sum(_shard_bytes(sharding, shard, options) for shard in shards)
        known = [free for shard in shards if (free := machines[shard].free) is not None]
        if known and needed > min(known):
            names = ", ".join(map(str, shards[:LISTED])) + ", …" * (len(shards) > LISTED)
            place = f"the memory of one machine: {in_words(needed)}"
            must = f"shards {names} must fit together into {place}"
            if len(shards) == 1:
                must = f"shard {names} must fit into {place}"
            do = 'Use more machines, or pass placement="disk"'
            text = message(must, f"{in_words(min(known))} free", do)
            raise TableMemoryError(text, needed, min(known))


def _shard_bytes(sharding: Sharding, shard: int, options: ShardOptions) -> int:
    """Return the bytes of the arrays of a shard that lie in memory: see `ShardOptions`."""
    forms = array_forms(sharding, shard, options)
    if options.placement == "disk":
        forms = {n: f for n, f in forms.items() if n != "embeddings" and n[:5] != "slot."}
    return sum(nbytes_of(form.shape, form.dtype) for form in forms.values())
