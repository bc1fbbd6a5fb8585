"""A lookup's gradient, recorded."""

from embedlab.traces.gradient.losses import GivenGradient, LookupLoss, NextWordLoss, TargetLoss
from embedlab.traces.gradient.report import GradientCheck
from embedlab.traces.gradient.trace import GradientTrace, trace_gradient

__all__ = [
    "GivenGradient",
    "GradientCheck",
    "GradientTrace",
    "LookupLoss",
    "NextWordLoss",
    "TargetLoss",
    "trace_gradient",
]
