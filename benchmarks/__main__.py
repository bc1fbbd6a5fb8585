"""Race embedlab against its peers and print one table.

python -m benchmarks                 everything
python -m benchmarks lookup LoRA     workloads whose name holds one of these words
python -m benchmarks --json out.json --rounds 31
python -m benchmarks --scaling       how cost grows with V, N, D, R and threads
python -m benchmarks --quality       word vectors as good as gensim's? (no race besides, unless
                                     workloads are named; takes some minutes)
python -m benchmarks --distributed   a table in shards on 1, 2 and 4 workers, and simulated for up
                                     to 1 024 (no race besides, unless workloads are named)
"""

import argparse
import json
import sys

from benchmarks.quality import quality
from benchmarks.race import race
from benchmarks.report import machine, markdown, row
from benchmarks.scaling import scaling
from benchmarks.sharding import sharding
from benchmarks.workloads import WORKLOADS


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description=__doc__,
        formatter_class=argparse.RawTextHelpFormatter,
    )
    parser.add_argument("words", nargs="*", help="only workloads whose name holds one of these")
    parser.add_argument("--rounds", type=int, default=15, help="turns of each contestant")
    parser.add_argument("--json", metavar="FILE", help="write everything measured there")
    parser.add_argument("--scaling", action="store_true", help="add the scaling section")
    parser.add_argument("--quality", action="store_true", help="compare word vectors with gensim")
    parser.add_argument("--distributed", action="store_true", help="measure a table in shards")
    options = parser.parse_args()
    every = not (options.words or options.quality or options.distributed)
    workloads = [w for w in WORKLOADS if every or any(word in w.name for word in options.words)]
    rows, raw = [], []
    for n, workload in enumerate(workloads):
        print(f"[{n + 1}/{len(workloads)}] {workload.name}", file=sys.stderr, flush=True)
        raw.append(race(workload, options.rounds))
        rows.append(row(workload, raw[-1]))
    results = {"machine": machine(), "rows": rows, "raw": raw}
    print(", ".join(f"{k} {v}" for k, v in results["machine"].items()) + "\n")
    if rows:
        print(markdown(rows))
    if options.scaling:
        results["scaling"] = scaling()
    if options.quality:
        results["quality"] = quality()
    if options.distributed:
        results["distributed"] = sharding(options.rounds)
    if options.json:
        with open(options.json, "w", encoding="utf-8") as file:
            json.dump(results, file, indent=1)
    return 0


if __name__ == "__main__":
    sys.exit(main())
