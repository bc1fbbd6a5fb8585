"""Floor 1: models, made of layers, under Keras's names."""

from embedlab.models.masks import MaskError, MaskNote
from embedlab.models.model import Model
from embedlab.models.sequential import Sequential

__all__ = ["MaskError", "MaskNote", "Model", "Sequential"]
