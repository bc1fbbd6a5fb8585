"""See what an embedding layer does.

A Numba core computes, a Keras-shaped layer owns the arrays, a trace records one run, a figure or
an explorer shows it. Importing this package loads neither matplotlib nor ipywidgets nor anywidget:
the names below are fetched when they are first asked for.
"""

from importlib import import_module
from typing import Any

__version__ = "0.1.0.dev0"

_HOMES = {
    "lookup": "embedlab.core.lookup",
    "grad_table": "embedlab.core.gradient.dense",
    "coalesce": "embedlab.core.gradient.sparse",
    "IdError": "embedlab.core.ids",
    "Embedding": "embedlab.layers.embedding",
    "Input": "embedlab.layers.symbolic",
    "Layer": "embedlab.layers.layer",
    "Model": "embedlab.models",
    "Sequential": "embedlab.models",
    "Vocabulary": "embedlab.data.vocabulary",
    "tokenize": "embedlab.data.text",
    "python_reference": "embedlab.data.bundled",
    "standard_library": "embedlab.data.bundled",
    "toy_corpus": "embedlab.data.toy_language",
    "GradientTrace": "embedlab.traces.gradient.trace",
    "trace_gradient": "embedlab.traces.gradient.trace",
    "draw_gradient": "embedlab.figures.gradient",
    "LoRATrace": "embedlab.traces.lora.trace",
    "trace_lora": "embedlab.traces.lora.trace",
    "draw_lora": "embedlab.figures.lora",
    "QuantizationTrace": "embedlab.traces.quantize.trace",
    "trace_quantize": "embedlab.traces.quantize.trace",
    "draw_quantize": "embedlab.figures.quantize",
    "MaskTrace": "embedlab.traces.mask.trace",
    "trace_mask": "embedlab.traces.mask.trace",
    "draw_mask": "embedlab.figures.mask",
    "GeometryTrace": "embedlab.traces.geometry.trace",
    "trace_geometry": "embedlab.traces.geometry.trace",
    "draw_geometry": "embedlab.figures.geometry",
    "TrainingTrace": "embedlab.traces.training",
    "trace_training": "embedlab.traces.training",
    "draw_training": "embedlab.figures.training",
    "WindowTrace": "embedlab.traces.window",
    "trace_window": "embedlab.traces.window",
    "draw_window": "embedlab.figures.window",
    "LookupTrace": "embedlab.traces.lookup",
    "trace_lookup": "embedlab.traces.lookup",
    "draw_lookup": "embedlab.figures.lookup",
    "CacheLineTrace": "embedlab.traces.cache_lines",
    "trace_cache_lines": "embedlab.traces.cache_lines",
    "draw_cache_lines": "embedlab.figures.cache_lines",
    "load_model": "embedlab.models",
    "LookupExplorer": "embedlab.explorers.lookup",
    "LoRAExplorer": "embedlab.explorers.lora",
    "GradientExplorer": "embedlab.explorers.gradient",
    "QuantizationExplorer": "embedlab.explorers.quantize",
    "GeometryExplorer": "embedlab.explorers.geometry",
    "TrainingExplorer": "embedlab.explorers.training",
    "MaskExplorer": "embedlab.explorers.mask",
    "WindowExplorer": "embedlab.explorers.window",
}
_MODULES = (
    "activations",
    "callbacks",
    "constraints",
    "core",
    "data",
    "explorers",
    "figures",
    "initializers",
    "layers",
    "lessons",
    "losses",
    "metrics",
    "models",
    "optimizers",
    "quantizers",
    "regularizers",
    "storage",
    "traces",
)

__all__ = [*_HOMES, *_MODULES, "__version__"]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        # `embedlab.lookup` is the function; the module of that name is `embedlab.core.lookup`.
        value = getattr(import_module(_HOMES[name]), name)
    elif name in _MODULES:
        value = import_module(f"embedlab.{name}")
    else:
        raise AttributeError(f"module 'embedlab' has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*__all__, *(name for name in globals() if name.startswith("__"))})
