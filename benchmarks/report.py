"""The results as one table: who was fastest, by how much, and against which goal."""

import math
import os
import platform
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from benchmarks.workload import Workload

PACKAGES = ("numpy", "numba", "torch", "keras", "jax", "gensim")


def duration(seconds: float) -> str:
    for unit, size in (("s", 1.0), ("ms", 1e-3), ("µs", 1e-6)):
        if seconds >= size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds / 1e-9:.3g} ns"


def row(workload: Workload, result: dict[str, Any]) -> dict[str, Any]:
    """Return what the table says of one workload."""
    seconds = dict(result["seconds"])
    ours = seconds.pop("embedlab", None)
    bound = seconds.pop(workload.limit, None) if workload.limit else None
    rivals = [s for s in seconds if workload.against in ("best", s)]
    best = min(rivals, key=seconds.__getitem__) if rivals else None
    return {
        "workload": workload.name,
        "embedlab": ours,
        "peer": best,
        "seconds": seconds.get(best) if best else None,
        "ratio": seconds[best] / ours if best and ours else None,
        "goal": workload.goal,
        "reach": workload.reach,
        "most": workload.most,
        "limit": bound / ours if bound and ours else None,
        "torch": seconds["torch"] / ours if "torch" in seconds and ours else None,
        "errors": result["errors"],
    }


def missed(value: float | None, goal: float | None) -> str:
    """Return a cross where a value stays below its goal."""
    return " ✗" if value and goal and value < goal else ""


def markdown(rows: list[dict[str, Any]]) -> str:
    """Draw the table."""
    lines = [
        "| workload | embedlab | peer | ratio | goal | share of the copy limit |",
        "|---|--:|--:|--:|--:|--:|",
    ]
    for r in rows:
        peer = f"{r['peer']} {duration(r['seconds'])}" if r["peer"] else "–"
        mark = missed(r["ratio"], r["goal"])
        ratio = f"{r['ratio']:.2f} ×" if r["ratio"] else "–"
        limit = f"{r['limit']:.2f}{missed(r['limit'], r['reach'])}" if r["limit"] else ""
        ours = duration(r["embedlab"]) if r["embedlab"] else "–"
        if r["most"]:
            ours += f" (at most {duration(r['most'])}){missed(r['most'], r['embedlab'])}"
        lines.append(
            f"| {r['workload'].replace('/', ': ')} "
            f"| {ours} | {peer} "
            f"| {ratio}{mark} "
            f"| {round(r['goal'], 2) if r['goal'] else ''} | {limit} |"
        )
    lookups = [r["torch"] for r in rows if r["workload"].startswith("lookup/") and r["torch"]]
    if len(lookups) > 1:
        mean = math.exp(sum(map(math.log, lookups)) / len(lookups))
        lines.append(
            f"\nLookup against torch, geometric mean of {len(lookups)}: {mean:.2f} ×, "
            f"goal 1.25{missed(mean, 1.25)}"
        )
    for r in rows:
        lines += [f"\nNot run: {r['workload']}, {s}: {e}" for s, e in r["errors"].items()]
    return "\n".join(lines)


def machine() -> dict[str, str]:
    """Return the versions and the processor that the figures were measured on."""
    facts = {"python": platform.python_version(), "cores": str(os.cpu_count())}
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as lines:
            facts["processor"] = next(
                line.split(":")[1].strip() for line in lines if line.startswith("model name")
            )
    except (OSError, StopIteration):
        facts["processor"] = platform.processor()
    for package in PACKAGES:
        try:
            facts[package] = version(package)
        except PackageNotFoundError:
            facts[package] = "not installed"
    return facts
