"""Interactive views of traces, one module an idea, for notebooks and HTML pages."""

from importlib import import_module

_MODULES = {
    "GeometryExplorer": "geometry",
    "GradientExplorer": "gradient",
    "LoRAExplorer": "lora",
    "LookupExplorer": "lookup",
    "MaskExplorer": "mask",
    "QuantizationExplorer": "quantize",
    "TrainingExplorer": "training",
    "WindowExplorer": "window",
}

__all__ = list(_MODULES)


def __getattr__(name: str) -> type:
    # On first use: importing one explorer must not import all others.
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    explorer: type = getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
    globals()[name] = explorer
    return explorer


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
