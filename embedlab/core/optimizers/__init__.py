"""Optimizer steps, fused with the gradient of a lookup, in place: sgd, rmsprop, adagrad, adam.

Keras's formulas and defaults. A step is one of two kinds. "dense" updates the whole table, as Keras
does: a row that was not looked up has gradient 0 and still changes, by its momentum. "lazy" updates
only the rows that were looked up, in O(N) instead of O(V).
"""

from embedlab.core.optimizers.adagrad import adagrad
from embedlab.core.optimizers.adam import adam
from embedlab.core.optimizers.rmsprop import rmsprop
from embedlab.core.optimizers.sgd import sgd

__all__ = ["adagrad", "adam", "rmsprop", "sgd"]
