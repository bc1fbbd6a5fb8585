"""A sharded table on a local Dask cluster: one larger than memory, and killed workers.

python -m benchmarks.distributed --table-gb 20       a table on disk, four workers: rows are looked
                                                     up and trained, saved, killed, and loaded onto
                                                     three workers; a million rows are compared
python -m benchmarks.distributed --kills 50          kill a worker in the middle of lookups, steps
                                                     and saves, at a random moment, and recover

A table needs space three times: on disk, saved, and while it is loaded; `--optimizer adagrad`
doubles it. Set TMPDIR to choose the disk.
"""

import argparse
import os
import random
import shutil
import signal
import sys
import tempfile
import threading
import time
from pathlib import Path

import numpy as np

from embedlab.distributed import (
    SCHEMES,
    ShardedEmbedding,
    ShardError,
    Sharding,
    draw_ids,
    expected_traffic,
    local_cluster,
)

DIMENSION = 128

MOST_MEMORY = 10**9
"""Bytes that the process of a worker may have resident while it holds a quarter of a table."""

LAZY = {
    "sgd": {"class_name": "SGD", "config": {"learning_rate": 0.1, "sparse_update": "lazy"}},
    "adagrad": {"class_name": "Adagrad", "config": {"sparse_update": "lazy"}},
    "adam": {"class_name": "Adam", "config": {"sparse_update": "lazy"}},
}


class MemoryPeaks:
    """The largest memory of each worker's process since the last report, looked at all the time.

    `anonymous` is what the process owns (RssAnon and RssShmem). `mapped` are the pages of files in
    its address space (RssFile): code, and rows on disk, which the system takes back at will.
    `resident` is the largest sum at any one time, as the kernel itself records it (VmHWM).
    """

    def __init__(self, client, interval=0.05):
        self._pids = list(client.run(os.getpid).values())
        self._interval, self._ends = interval, threading.Event()
        self._peaks = {}
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._reset()

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._ends.set()
        self._thread.join()

    def _watch(self):
        while not self._ends.wait(self._interval):
            for pid in self._pids:
                self._look(pid)

    def _look(self, pid):
        try:
            lines = Path(f"/proc/{pid}/status").read_text().splitlines()
            fields = dict(line.split(":", 1) for line in lines)
            size = {n: int(v.split()[0]) * 1024 for n, v in fields.items() if v.endswith(" kB")}
            anonymous = size["RssAnon"] + size["RssShmem"]
        except (OSError, KeyError):  # it was killed
            return
        new = anonymous, size["RssFile"], size["VmHWM"]
        self._peaks[pid] = tuple(map(max, self._peaks.get(pid, new), new))

    def _reset(self):
        self._peaks = {}
        for pid in self._pids:
            try:
                Path(f"/proc/{pid}/clear_refs").write_text("5")  # VmHWM starts anew
            except OSError:
                continue
            self._look(pid)

    def report(self, what):
        """Print the peaks of the workers that are there, and start anew; return the largest."""
        for pid in self._pids:
            self._look(pid)
        columns = [
            [round(n / 1e6) for n in column] for column in zip(*self._peaks.values(), strict=True)
        ]
        names = ("anonymous", "mapped", "resident")
        text = ", ".join(f"{n} {c}" for n, c in zip(names, columns, strict=True))
        report(f"memory by worker while {what}, peaks in MB: {text}")
        self._reset()
        return columns[-1] and max(columns[-1]) * 10**6


def report(text, start=None):
    seconds = "" if start is None else f" ({time.monotonic() - start:.1f} s)"
    print(f"{time.strftime('%H:%M:%S')} {text}{seconds}", flush=True)


def large_table(client, gigabytes, workers, optimizer, scheme, batch, rounds, sample):
    """Build, use, save, lose and load a table on disk; return whether all is as it must be.

    All rows of a sample must be equal, and no worker's process may ever have had more than
    `MOST_MEMORY` bytes resident, mapped pages included.
    """
    rows = int(gigabytes * 1e9) // (4 * DIMENSION)
    slots = {"sgd": 0, "adagrad": 1, "adam": 2}[optimizer]
    needed = int(2.2 * gigabytes * 1e9 * (1 + slots))
    free = shutil.disk_usage(tempfile.gettempdir()).free
    report(
        f"V {rows:,}, D {DIMENSION}, {gigabytes} GB, {scheme}, lazy {optimizer}, {workers} workers"
    )
    if free < needed:
        report(f"{needed / 1e9:.1f} GB of disk must be free. Received {free / 1e9:.1f} GB.")
        return False
    plan = Sharding(rows, DIMENSION, scheme, workers)
    options = {"optimizer": LAZY[optimizer], "placement": "disk", "seed": 1, "timeout": 120.0}
    rng, peaks = np.random.default_rng(2), []
    with MemoryPeaks(client) as memory:
        start = time.monotonic()
        table = ShardedEmbedding(rows, DIMENSION, client, plan, **options)
        report("built", start)
        peaks.append(memory.report("building"))
        start, table.bytes_sent[:], table.bytes_received[:] = time.monotonic(), 0, 0
        for number in range(rounds):
            ids = draw_ids(batch, rows, ("zipf", "uniform")[number % 2], seed=100 + number)
            table(ids)
            grad = rng.normal(size=(batch, DIMENSION)).astype(np.float32)
            table.step(table.backward(ids, grad))
        report(f"{rounds} lookups and steps of {batch} ids", start)
        laws = [
            expected_traffic(plan, [draw_ids(batch, rows, law, seed) for seed in range(4)], workers)
            for law in ("zipf", "uniform")
        ]
        expected = (laws[0].total + laws[1].total) * rounds / 2
        measured = int(table.bytes_sent.sum() + table.bytes_received.sum())
        difference = f"{expected / measured - 1:+.2%}"
        report(f"bytes moved: {measured:,}, planned {expected:,.0f} ({difference})")
        peaks.append(memory.report("training"))
        chosen = np.sort(rng.choice(rows, size=min(sample, rows), replace=False))
        before = np.concatenate([table(part) for part in np.array_split(chosen, 20)])
        peaks.append(memory.report(f"looking {len(chosen):,} rows up"))
        with tempfile.TemporaryDirectory(prefix="embedlab-saved-") as folder:
            start = time.monotonic()
            table.save(folder)
            report("saved", start)
            peaks.append(memory.report("saving"))
            kill(client, sorted(client.nthreads())[0])
            start = time.monotonic()
            try:
                table(chosen[:1000])
                report("no error after the kill")
                return False
            except ShardError as error:
                report(f"{type(error).__name__}: {error}", start)
            start = time.monotonic()
            table.load(folder, Sharding(rows, DIMENSION, scheme, workers - 1))
            report(f"loaded onto {workers - 1} workers", start)
            peaks.append(memory.report("loading"))
        after = np.concatenate([table(part) for part in np.array_split(chosen, 20)])
        peaks.append(memory.report(f"looking {len(chosen):,} rows up"))
    equal, small = bool(np.array_equal(before, after)), max(peaks) <= MOST_MEMORY
    report(f"{len(chosen):,} rows are {'equal' if equal else 'DIFFERENT'}, step {table.iterations}")
    limit = f"{'within' if small else 'BEYOND'} {MOST_MEMORY / 1e9:g} GB"
    report(f"memory a worker, mapped pages included: at most {max(peaks) / 1e6:.0f} MB, {limit}")
    return equal and small


def kill(client, address):
    """Kill the process of one worker, and wait until the scheduler knows."""
    pid = client.run(os.getpid, workers=[address])[address]
    os.kill(pid, signal.SIGKILL)
    while address in client.nthreads():
        time.sleep(0.05)


def kills(client, count, seed):
    """Kill `count` workers, each at a random moment of a lookup, step or save; count outcomes.

    A killed worker stays away, and the table is loaded onto the others.
    """
    rng, rows, columns = random.Random(seed), 20_000, 32
    options = {"seed": 3, "optimizer": LAZY["adam"], "timeout": 20.0}
    outcomes: dict[str, int] = {}
    batch = np.random.default_rng(seed)
    with tempfile.TemporaryDirectory(prefix="embedlab-kills-") as folder:
        table = ShardedEmbedding(rows, columns, client, **options)
        reference = ShardedEmbedding(rows, columns, **options)
        paths = Path(folder) / "table", Path(folder) / "reference"
        for number in range(count):
            table.save(paths[0])
            reference.save(paths[1])
            kind = ("lookup", "step", "save")[(seed + number) % 3]
            ids = batch.integers(0, rows, 4096)
            grad = batch.normal(size=(4096, columns)).astype(np.float32)
            victim = client.run(os.getpid)[rng.choice(sorted(client.nthreads()))]
            timer = threading.Timer(rng.random() * 0.2, os.kill, (victim, signal.SIGKILL))
            start, done = time.monotonic(), 0
            timer.start()
            try:
                while True:  # until it hits
                    if kind == "lookup":
                        if not np.array_equal(table(ids), reference(ids)):
                            raise AssertionError("a lookup returned other rows")
                    elif kind == "step":
                        table.step(table.backward(ids, grad))
                        reference.step(reference.backward(ids, grad))
                    else:
                        table.save(paths[0])
                    done += 1
            except ShardError as error:
                seconds = time.monotonic() - start
                outcome = f"{kind}: {type(error).__name__}"
                if "\n" in str(error) or seconds > 25:
                    raise AssertionError(f"{seconds:.1f} s, {error}") from error
            timer.join()
            outcomes[outcome] = outcomes.get(outcome, 0) + 1
            left = table.sharding.shards - 1
            while len(client.nthreads()) > left:
                time.sleep(0.05)
            table.load(paths[0], Sharding(rows, columns, "row_wise_hashed", left))
            reference.load(paths[1])
            probe = batch.integers(0, rows, 2000)
            if table.iterations != reference.iterations:
                raise AssertionError("the step after load is not that of the last manifest")
            if not np.array_equal(table(probe), reference(probe)):
                raise AssertionError("rows after load are not those of the last manifest")
            table.step(table.backward(ids, grad))  # the next kill starts from another state
            reference.step(reference.backward(ids, grad))
            report(f"{outcome} after {done}, {seconds:.2f} s; recovered on {left} workers")
    return outcomes


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.distributed",
        description=__doc__,
        formatter_class=argparse.RawTextHelpFormatter,
    )
    parser.add_argument("--table-gb", type=float, help="run with a table of this size on disk")
    parser.add_argument("--optimizer", choices=sorted(LAZY), default="sgd")
    parser.add_argument("--scheme", choices=SCHEMES, default="row_wise")
    parser.add_argument("--workers", type=int, default=4)
    parser.add_argument("--batch", type=int, default=8192)
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--sample", type=int, default=1_000_000)
    parser.add_argument("--kills", type=int, help="kill a worker this many times")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    good = True
    if options.kills:
        total: dict[str, int] = {}
        for first in range(0, options.kills, 5):
            with local_cluster(6) as client:
                outcomes = kills(client, min(5, options.kills - first), options.seed + first)
            for outcome, times in outcomes.items():
                total[outcome] = total.get(outcome, 0) + times
        for outcome, times in sorted(total.items()):
            report(f"{times:3} x {outcome}")
        good = sum(total.values()) == options.kills
    if options.table_gb:
        what = options.table_gb, options.workers, options.optimizer, options.scheme
        with local_cluster(options.workers) as client:
            good &= large_table(client, *what, options.batch, options.rounds, options.sample)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
