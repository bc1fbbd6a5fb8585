"""Tables larger than a machine: shards of one table, in this process or as Dask actors.

`plan` chooses a sharding scheme for each table, in TorchRec's terms; `ShardedEmbedding` looks up,
trains, searches, saves and loads. All arithmetic is that of `embedlab.core`, inside the shards;
scheduling and transport are Dask's. Without a Dask client the same shards run in this process.
"""

from embedlab.distributed.cluster import local_cluster
from embedlab.distributed.embedding import ShardedEmbedding
from embedlab.distributed.errors import (
    InconsistentTableError,
    PlanError,
    ShardError,
    ShardLostError,
    StepError,
)
from embedlab.distributed.plan import ShardPlan, Traffic, draw_ids, expected_traffic, plan
from embedlab.distributed.sharding import SCHEMES, Sharding

__all__ = [
    "SCHEMES",
    "InconsistentTableError",
    "PlanError",
    "ShardError",
    "ShardLostError",
    "ShardPlan",
    "ShardedEmbedding",
    "Sharding",
    "StepError",
    "Traffic",
    "draw_ids",
    "expected_traffic",
    "local_cluster",
    "plan",
]
