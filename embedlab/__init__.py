"""See what an embedding layer does.

A Numba core computes, a Keras-shaped layer owns the arrays, a trace records one run, a figure or
an explorer shows it. Importing this package loads neither matplotlib nor ipywidgets nor anywidget:
the names below are fetched when they are first asked for.
"""

import re
import sys
from collections.abc import Callable
from importlib import import_module
from typing import Any

__version__ = "0.1.0.dev0"


def attach_stub(package: str) -> tuple[Callable[[str], Any], Callable[[], list[str]], list[str]]:
    """Return `__getattr__`, `__dir__` and `__all__` of a package whose names load on first use.

    Its ``__init__.pyi`` says where they live, to this function and to type checkers.
    """
    module: Any = sys.modules[package]
    stub = module.__spec__.loader.get_data(f"{module.__file__}i").decode()
    homes = {
        name: home for home, name in re.findall(r"^from (\S+) import (\w+) as \2$", stub, re.M)
    }

    def fetch(name: str) -> Any:
        if name not in homes:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        if homes[name] == package:
            value = import_module(f"{package}.{name}")
        else:  # `embedlab.lookup` is the function, `embedlab.core.lookup` its module
            value = getattr(import_module(homes[name]), name)
        setattr(module, name, value)
        return value

    def names() -> list[str]:
        return sorted({*homes, *(name for name in vars(module) if name.startswith("__"))})

    return fetch, names, list(homes)


__getattr__, __dir__, __all__ = attach_stub(__name__)
__all__ += ["__version__"]
