"""Floor 1: models, made of layers, under Keras's names."""

from embedlab.models.files import load_model, save_model
from embedlab.models.functional import Functional
from embedlab.models.masks import MaskError, MaskNote
from embedlab.models.model import Model
from embedlab.models.sequential import Sequential

__all__ = ["Functional", "MaskError", "MaskNote", "Model", "Sequential", "load_model", "save_model"]
