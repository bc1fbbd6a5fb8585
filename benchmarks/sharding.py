"""Scaling of a sharded table: measured on 1, 2 and 4 workers here, simulated for up to 1 024.

The workers are processes of this machine, on the loopback interface. What a lookup and a step cost
is split into four parts: the caller's work, the work inside a shard, calls of the engine, and
bytes. The simulation adds them up again; its assumptions are printed with it.
"""

import os
import time
from statistics import median
from typing import NamedTuple

import numpy as np

from embedlab.distributed import (
    ShardedEmbedding,
    Sharding,
    draw_ids,
    expected_traffic,
    local_cluster,
)
from embedlab.distributed.shard import Stamp

ROWS, COLUMNS, BATCH = 500_000, 128, 8192
WORKERS = (1, 2, 4)
SIMULATED = (8, 32, 128, 512, 1024)
SIZES = (10**7, 10**8, 10**9, 10**10)
BANDWIDTH = 10e9 / 8
"""Bytes a second between two machines of the simulation, 10 Gbit/s."""

OPTIMIZER = {"class_name": "Adagrad", "config": {"sparse_update": "lazy"}}
ASSUMPTIONS = f"""\
Assumptions of the simulation:
- one caller, who looks up and trains batches of {BATCH:,} Zipf ids, one after the other;
- rows of {COLUMNS} float32, hashed onto the workers, lazy Adagrad; tables in memory;
- every worker has a core of its own: the slowest shard counts, not the sum of all;
- the caller's work, that of a shard for a row, the fixed cost of a lookup or step, and the cost of
  each further call are those measured here;
- a byte costs the caller what it costs here on loopback (copies, serialization), or the share of a
  link of 10 Gbit/s if that is more; switches, lost packets and other traffic cost nothing;
- no worker ends, and none waits for memory: rows outside the caches cost as in the table here."""


class Costs(NamedTuple):
    """Seconds of the parts of one kind of call: a lookup or a step."""

    caller: float  # a batch: grouping, sums, landing
    row: float  # a row, inside a shard
    fixed: float  # a lookup or step of one id on one worker
    call: float  # each further worker
    byte: float


class Measured(NamedTuple):
    """Measurements of one kind of call on some workers."""

    workers: int
    seconds: float  # with the engine
    in_process: float  # with the same shards in this process
    nbytes: float  # moved by a batch
    bound: float  # the bytes of each distinct row once
    largest: int  # rows of the busiest shard
    rows: int


def seconds_of(run, rounds):
    """Return the median of some turns, after two that are not counted."""
    times = []
    for _ in range(rounds + 2):
        start = time.perf_counter()
        run()
        times.append(time.perf_counter() - start)
    return median(times[2:])


def table_on(workers, client=None):
    plan = Sharding(ROWS, COLUMNS, "row_wise_hashed", workers)
    return ShardedEmbedding(ROWS, COLUMNS, client, plan, seed=1, optimizer=OPTIMIZER)


def calls_of(table, ids):
    """Return functions that do one lookup, and one step, of a batch."""
    grad = np.random.default_rng(1).normal(size=(ids.size, COLUMNS)).astype(np.float32)
    return {"lookup": lambda: table(ids), "step": lambda: table.step(table.backward(ids, grad))}


def inside_shards(table, ids):
    """Return functions that do the shards' part of a lookup and a step, without their caller."""
    parts = table.sharding.parts(np.unique(ids))
    grads = [np.ones((part.rows.size, COLUMNS), np.float32) for part in parts]

    def call(method, *arguments):
        shards = table._shards.shards
        for part, grad in zip(parts, grads, strict=True):
            shard = shards[part.shard]
            stamp = Stamp(shard.token, shard.step)
            extra = (grad,) if method == "apply" else ()
            number = (shard.step + 1,) if method == "apply" else ()
            getattr(shard, method)(stamp, *number, part.rows, *extra)

    return {"lookup": lambda: call("lookup"), "step": lambda: call("apply")}


def measure(rounds):
    """Return what was measured by kind and number of workers, and the costs of the parts."""
    ids = draw_ids(BATCH, ROWS, seed=5)
    distinct = np.unique(ids)
    measured = {"lookup": [], "step": []}
    in_process, inside, small = {}, {}, {"lookup": {}, "step": {}}
    for workers in WORKERS:
        table = table_on(workers)
        in_process[workers] = {
            k: seconds_of(run, rounds) for k, run in calls_of(table, ids).items()
        }
        if workers == 1:
            inside = {
                k: seconds_of(run, rounds) for k, run in inside_shards(table_on(1), ids).items()
            }
        del table
    with local_cluster(max(WORKERS)) as client:
        for workers in WORKERS:
            table = table_on(workers, client)
            one_each = _one_of_each(table.sharding)
            for kind, run in calls_of(table, one_each).items():
                small[kind][workers] = seconds_of(run, rounds)
            largest = max(part.rows.size for part in table.sharding.parts(distinct))
            for kind, run in calls_of(table, ids).items():
                table.reset_traffic()
                seconds = seconds_of(run, rounds)
                nbytes = float(table.bytes_sent.sum() + table.bytes_received.sum()) / (rounds + 2)
                bound = distinct.size * COLUMNS * 4
                row = Measured(
                    workers,
                    seconds,
                    in_process[workers][kind],
                    nbytes,
                    bound,
                    largest,
                    distinct.size,
                )
                measured[kind].append(row)
            del table
    costs = {}
    for kind, rows in measured.items():
        first, least, most = rows[0], min(WORKERS), max(WORKERS)
        call = max(0.0, (small[kind][most] - small[kind][least]) / (most - least))
        fixed = small[kind][least]
        caller = max(0.0, in_process[1][kind] - inside[kind])
        rest = first.seconds - caller - inside[kind] - fixed
        costs[kind] = Costs(
            caller, inside[kind] / distinct.size, fixed, call, max(0.0, rest) / first.nbytes
        )
    return measured, costs


def _one_of_each(sharding):
    """Return an id of every shard."""
    ids = np.arange(64 * sharding.shards)
    return ids[np.unique(sharding.locate(ids)[0], return_index=True)[1]]


def predict(costs, workers, nbytes, largest, rows, cores=None, bandwidth=None):
    """Return the seconds of a lookup or step by the costs of its parts.

    With `cores`, fewer than the workers, shards share them; otherwise the busiest shard counts.
    """
    shard_rows = largest if cores is None else max(largest, rows / min(workers, cores))
    byte = costs.byte if bandwidth is None else max(costs.byte, 1 / bandwidth)
    calls = costs.fixed + (workers - 1) * costs.call
    return costs.caller + shard_rows * costs.row + calls + nbytes * byte


def simulate(costs, sizes=SIZES, workers=SIMULATED):
    """Return one line for each size of table and number of workers."""
    lines = []
    for rows in sizes:
        batches = [draw_ids(BATCH, rows, seed=seed) for seed in range(4)]
        distinct = float(np.mean([np.unique(ids).size for ids in batches]))
        for count in workers:
            plan = Sharding(rows, COLUMNS, "row_wise_hashed", count)
            traffic = expected_traffic(plan, batches, count)
            largest = traffic.lookup_rows.max() / (4 * COLUMNS)
            moved = {
                "lookup": float((traffic.lookup_ids + traffic.lookup_rows).sum()),
                "step": float((traffic.step_ids + traffic.step_rows).sum()),
            }
            seconds = {
                kind: predict(costs[kind], count, moved[kind], largest, distinct, None, BANDWIDTH)
                for kind in moved
            }
            memory = rows * COLUMNS * 4 * 2 / count
            lines.append((rows, count, memory, distinct, traffic.imbalance, seconds))
    return lines


def sharding(rounds):
    """Print what was measured, the prediction beside it, and the simulation; return all."""
    cores = len(os.sched_getaffinity(0))
    measured, costs = measure(rounds)
    print(f"\n## A table in shards: {ROWS:,} x {COLUMNS}, {BATCH:,} Zipf ids a batch\n")
    print(
        f"Caller and workers share {cores} cores here: with more workers than cores less the\n"
        "caller's, no lookup can be faster. The figures show what the engine costs, not a gain.\n"
    )
    print(
        "| | workers | a second | in this process | engine | bytes moved | lower bound "
        "| predicted | error |\n|---|--:|--:|--:|--:|--:|--:|--:|--:|"
    )
    rows = []
    for kind, several in measured.items():
        for one in several:
            expected = predict(costs[kind], one.workers, one.nbytes, one.largest, one.rows, cores)
            error = expected / one.seconds - 1
            print(
                f"| {kind} | {one.workers} | {1 / one.seconds:.3g} | {1 / one.in_process:.3g} "
                f"| {1e3 * (one.seconds - one.in_process):.2f} ms | {one.nbytes / 1e6:.3f} MB "
                f"| {one.nbytes / one.bound:.3f} x | {1 / expected:.3g} | {error:+.0%} |"
            )
            rows.append({"kind": kind, **one._asdict(), "predicted": expected})
    print(
        "\nThe costs come from one worker, and from lookups and steps of one id on each worker;\n"
        "2 and 4 workers are predicted.\n"
    )
    print("| | caller, a batch | shard, a row | fixed | each further call | a byte |")
    print("|---|--:|--:|--:|--:|--:|")
    for kind, cost in costs.items():
        print(
            f"| {kind} | {1e3 * cost.caller:.2f} ms | {1e9 * cost.row:.0f} ns "
            f"| {1e3 * cost.fixed:.2f} ms | {1e3 * cost.call:.2f} ms | {1e9 * cost.byte:.2f} ns |"
        )
    lines = simulate(costs)
    print(f"\n{ASSUMPTIONS}\n")
    print("| rows | workers | GB a worker | distinct ids | imbalance | lookups a s | steps a s |")
    print("|--:|--:|--:|--:|--:|--:|--:|")
    for size, count, memory, distinct, imbalance, seconds in lines:
        print(
            f"| {size:,} | {count} | {memory / 1e9:,.2f} | {distinct:,.0f} | {imbalance:.2f} "
            f"| {1 / seconds['lookup']:.3g} | {1 / seconds['step']:.3g} |"
        )
    simulated = [
        dict(zip(("rows", "workers", "memory"), line[:3], strict=True)) | line[5] for line in lines
    ]
    return {
        "measured": rows,
        "costs": {kind: cost._asdict() for kind, cost in costs.items()},
        "simulated": simulated,
    }
