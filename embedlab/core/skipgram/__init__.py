"""Skip-gram with negative sampling."""

from embedlab.core.skipgram.batches import (
    PairGrad,
    SkipgramBatches,
    check_pair_tables,
    check_pairs,
    grad_pairs,
    sample_batches,
)
from embedlab.core.skipgram.recorded import RecordedRun, train_recorded
from embedlab.core.skipgram.sampling import alias_table, subsampling_probability, token_stream
from embedlab.core.skipgram.train import SkipgramStep, skipgram, train_skipgram

__all__ = [
    "PairGrad",
    "RecordedRun",
    "SkipgramBatches",
    "SkipgramStep",
    "alias_table",
    "check_pair_tables",
    "check_pairs",
    "grad_pairs",
    "sample_batches",
    "skipgram",
    "subsampling_probability",
    "token_stream",
    "train_recorded",
    "train_skipgram",
]
