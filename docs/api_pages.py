"""Pages of the API reference: one for each public module, with every name of its `__all__`.

The public modules are those that `embedlab.__all__` names, with the modules in them, and
`FURTHER`. A package that names nothing itself, such as `embedlab.core`, is a folder of modules. So
a new public name has its place on a page without anybody writing it down.
"""

import inspect
import pkgutil
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from types import ModuleType

from sphinx.ext.autodoc.mock import mock

import embedlab

__all__ = ["KERAS", "public_modules", "write_api"]

KERAS = ["keras"]  # replaced by empty objects: the pages need its names only, and the site no Keras
FURTHER = (
    "embedlab.data.peft",
    "embedlab.explorers.explorer",
    "embedlab.explorers.tasks",
    "embedlab.keras",
)


def public_modules() -> dict[str, list[str]]:
    """Return the public names of each public module; `embedlab` itself comes first."""
    modules = {"embedlab": list(embedlab.__all__)}
    inner = [name for name in embedlab.__all__ if inspect.ismodule(getattr(embedlab, name))]
    for name in (*(f"embedlab.{module}" for module in inner), *FURTHER):
        modules.update(_names(import_module(name)))
    return modules


def _names(module: ModuleType) -> Iterator[tuple[str, list[str]]]:
    names = list(getattr(module, "__all__", ()))
    if names:
        yield module.__name__, names
        inner = [getattr(module, name) for name in names]
        for one in filter(inspect.ismodule, inner):
            yield from _names(one)
    else:
        for child in pkgutil.iter_modules(module.__path__):
            yield from _names(import_module(f"{module.__name__}.{child.name}"))


def write_api(folder: Path) -> None:
    """Write a page for each public module, and the index of them.

    An object that several modules offer is described in the first of them, `embedlab` last; the
    others lead there.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with mock(KERAS):
        modules = public_modules()
    first, *others = modules
    homes: dict[int, str] = {}
    pages = {}
    with mock(KERAS):
        for module in [*sorted(others), first]:
            pages[module] = _page(module, modules[module], homes)
    for module, text in pages.items():
        (folder / f"{module}.rst").write_text(text, encoding="utf-8")
    names = [first, *sorted(others)]
    listed = "\n".join(f"- {{doc}}`{name}`: {_summary(import_module(name))}" for name in names)
    hidden = "\n".join(names)
    with (folder / "index.md").open("a", encoding="utf-8") as index:
        index.write(f"\n{listed}\n\n```{{toctree}}\n:hidden:\n\n{hidden}\n```\n")


def _summary(thing: object) -> str:
    """Return the first line of a docstring."""
    return (inspect.getdoc(thing) or "").partition("\n")[0]


def _page(module: str, names: list[str], homes: dict[int, str]) -> str:
    parts = [f"{module}\n{'=' * len(module)}\n\n.. automodule:: {module}\n   :no-members:\n"]
    elsewhere = []
    for name in sorted(names, key=str.lower):
        value = getattr(import_module(module), name)
        if inspect.ismodule(value):
            if hasattr(value, "__all__"):  # others are folders of modules, with pages of their own
                elsewhere.append(f"* :doc:`{name} <{value.__name__}>`: {_summary(value)}")
        elif _has_docstring(value) and id(value) in homes:
            elsewhere.append(f"* :py:obj:`{name} <{homes[id(value)]}>`: {_summary(value)}")
        else:
            homes[id(value)] = f"{module}.{name}"
            parts.append(_object(module, name, value))
    if elsewhere:
        parts.insert(1, "\n".join(elsewhere) + "\n")
    return "\n".join(parts)


def _has_docstring(value: object) -> bool:
    """Return whether an object is one of its own: a number or a text may be anybody's."""
    return inspect.isclass(value) or inspect.isroutine(value)


def _object(module: str, name: str, value: object) -> str:
    if inspect.isclass(value):
        return f".. autoclass:: {module}.{name}\n   :members:\n   :show-inheritance:\n"
    if inspect.isroutine(value) or hasattr(value, "py_func"):
        return f".. autofunction:: {module}.{name}\n"
    return f".. autodata:: {module}.{name}\n   :no-value:\n"
