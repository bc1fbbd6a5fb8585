"""LoRA adapters and trainable tokens of an embedding in PEFT's folders, read and written.

PEFT saves the adapter "default" in the folder itself, and each other one in a folder of its name:
``adapter_config.json`` and ``adapter_model.safetensors``.
"""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from embedlab.budget import file_budget, read_json
from embedlab.core.checks import message
from embedlab.core.ids import as_ids
from embedlab.core.lora import lora_scale
from embedlab.data.vectors.tensors import FLOATS, read_headers, read_tensor
from embedlab.storage.atomic import atomic_write
from embedlab.storage.errors import DISTRUST, FileRefused, as_file_refused
from embedlab.storage.safetensors import write_tensors

__all__ = [
    "PeftAdapter",
    "PeftTokens",
    "load_adapters",
    "load_trainable_tokens",
    "read_adapters",
    "read_trainable_tokens",
    "save_adapters",
    "save_trainable_tokens",
]

CONFIG, WEIGHTS, DEFAULT = "adapter_config.json", "adapter_model.safetensors", "default"
MAX_CONFIG = 16 << 20  # bytes
ADAPTED = re.compile(r"base_model\.model\.(.+)\.lora_embedding_A")
TOKENS = re.compile(r"base_model\.model\.(.+?)(?:\.token_adapter)?\.trainable_tokens_delta")
_SAVE = "Save it with PEFT's save_pretrained"


@dataclass(frozen=True, eq=False)
class PeftAdapter:
    """An adapter of an embedding: it adds ``scale * a @ b`` to the table.

    Attributes
    ----------
    name : str
    module : str
        The name of the embedding in its model.
    a : ndarray, (V, R)
        The transpose of PEFT's ``lora_embedding_A``.
    b : ndarray, (R, D)
        The transpose of ``lora_embedding_B``.
    alpha : float
    rslora : bool
        Whether the scale is α/√R instead of α/R.
    base : ndarray, (V, D), or None
        The frozen table, where PEFT saved it too.
    """

    name: str
    module: str
    a: np.ndarray
    b: np.ndarray
    alpha: float
    rslora: bool
    base: np.ndarray | None = None

    @property
    def rank(self) -> int:
        """R."""
        return len(self.b)

    @property
    def scale(self) -> float:
        """The factor of ``a @ b``."""
        return float(lora_scale(self.rank, self.alpha, rslora=self.rslora))


class PeftTokens(NamedTuple):
    """Rows of an embedding that were trained alone: its trainable tokens.

    Attributes
    ----------
    module : str
        The name of the embedding in its model.
    ids : ndarray of int64, (K,)
    rows : ndarray, (K, D)
        The rows themselves, though PEFT calls them a delta.
    """

    module: str
    ids: np.ndarray
    rows: np.ndarray


def read_adapters(folder: Any, module: str | None = None) -> tuple[PeftAdapter, ...]:
    """Return the adapters that PEFT saved in a folder, "default" first.

    Parameters
    ----------
    folder : path-like
    module : str, optional
        The name of the embedding in its model, or the end of it; needed where there are several.

    Raises
    ------
    embedlab.storage.FileRefused
        For a folder without an adapter of an embedding, a damaged or hostile file, and what is
        more than LoRA (DoRA, for example).
    """
    root = Path(folder).expanduser()
    folders = {DEFAULT: root} if (root / CONFIG).is_file() else {}
    if root.is_dir():
        parts = sorted(part for part in root.iterdir() if (part / CONFIG).is_file())
        folders.update((part.name, part) for part in parts)
    if not folders:
        must, received = f"be a folder with {CONFIG}", "none" if root.is_dir() else "no folder"
        raise FileRefused(root, must, received, _SAVE)
    return tuple(_read_adapter(part, name, module) for name, part in folders.items())


def load_adapters(layer: Any, folder: Any, module: str | None = None) -> list[Any]:
    """Add the adapters that PEFT saved in a folder to a built Embedding; return them.

    All become active, as after `add_adapter`; choose with `set_active`.

    Raises
    ------
    embedlab.storage.FileRefused
        As of `read_adapters`, and for adapters of another table. The layer is as it was.
    ValueError
        For a name that the layer has already. The layer is as it was.

    Examples
    --------
    >>> import tempfile
    >>> from embedlab.layers import Embedding
    >>> one, other = (Embedding(4, 3, weights=np.ones((4, 3))) for _ in range(2))
    >>> adapter = one.add_adapter("default", 2, 8.0, rslora=True, b_initializer="ones")
    >>> folder = tempfile.mkdtemp()
    >>> save_adapters(one, folder)
    >>> load_adapters(other, folder)
    [LoRAAdapter(default, rslora, rank 2, alpha 8)]
    >>> bool((one([0, 3]) == other([0, 3])).all())
    True
    """
    adapters = read_adapters(folder, module)
    shape = (layer.input_dim, layer.output_dim)
    for adapter in adapters:
        received = (len(adapter.a), adapter.b.shape[1])
        if received != shape:
            must, do = f"hold adapters of a table of shape {shape}", "Compare the two models"
            raise FileRefused(folder, must, f"{adapter.name!r:.60} of {received}", do)
        if adapter.name in layer.adapters:
            must = "an adapter needs a name of its own"
            raise ValueError(message(must, f"{adapter.name!r:.60} again", "Delete the other first"))
    loaded = []
    for adapter in adapters:
        new = layer.add_adapter(
            adapter.name, adapter.rank, adapter.alpha, adapter.rslora, a_initializer="zeros"
        )
        new.a.assign(adapter.a.astype(new.a.value.dtype))
        new.b.assign(adapter.b.astype(new.b.value.dtype))
        loaded.append(new)
    return loaded


def save_adapters(
    layer: Any, folder: Any, module: str = "embedding", names: Iterable[str] | None = None
) -> None:
    """Write the adapters of an Embedding as PEFT does, so that PEFT loads them.

    Parameters
    ----------
    layer : embedlab.layers.Embedding
    folder : path-like
        Made if it is not there. "default" is written into it, others into folders of their names.
    module : str
        The name of the embedding in the model that shall take them, such as
        "model.embed_tokens".
    names : iterable of str, optional
        The adapters to write; all by default.
    """
    names = list(layer.adapters) if names is None else list(names)
    unknown = [name for name in names if name not in layer.adapters]
    if unknown or not names:
        must = f"names must be some of {list(layer.adapters)}"
        raise ValueError(message(must, unknown, "Make one with add_adapter"))
    for name in names:
        if name == ".." or Path(name).name != name:
            must, do = (
                "the name of an adapter must be one for a folder",
                "Add it under another name",
            )
            raise ValueError(message(must, f"{name!r:.60}", do))
    for name in names:
        adapter = layer.adapters[name]
        place = Path(folder).expanduser() / ("" if name == DEFAULT else name)
        place.mkdir(parents=True, exist_ok=True)
        prefix = f"base_model.model.{module}.lora_embedding_"
        tensors = {f"{prefix}A": adapter.a.value.T, f"{prefix}B": adapter.b.value.T}
        write_tensors(place / WEIGHTS, tensors, {"format": "pt"})
        config = {
            "peft_type": "LORA",
            "r": adapter.rank,
            "lora_alpha": adapter.alpha,
            "use_rslora": adapter.rslora,
            "target_modules": [module],
            "inference_mode": True,
        }
        with atomic_write(place / CONFIG) as temporary:
            temporary.write_text(json.dumps(config, indent=2))


def read_trainable_tokens(folder: Any, module: str | None = None) -> PeftTokens:
    """Return the rows that PEFT trained alone, from a folder that it saved.

    Both ways are read: ``TrainableTokensConfig``, and ``LoraConfig(trainable_token_indices=...)``.

    Parameters
    ----------
    folder : path-like
    module : str, optional
        The name of the embedding in its model, or the end of it; needed where there are several.

    Raises
    ------
    embedlab.storage.FileRefused
        For a folder without trainable tokens, and a damaged or hostile file.
    """
    root = Path(folder).expanduser()
    config, (path, headers, start) = _read_config(root), _open_weights(root)
    with as_file_refused(path, "hold trainable tokens", _SAVE):
        names = {match[1]: name for name in headers if (match := TOKENS.fullmatch(name))}
        do = "Train some: TrainableTokensConfig(token_indices=...)"
        chosen = _choose_module(path, list(names), module, "the trainable tokens of one", do)
        header = headers[names[chosen]]
        if header[0] not in FLOATS or len(header[1]) != 2:
            received = f"{header[0]} of shape {header[1]}"
            raise FileRefused(path, "hold rows of floats", received, _SAVE)
        rows = np.array(read_tensor(path, header, start), order="C")
    path = root / CONFIG
    with as_file_refused(path, "name the ids of trainable tokens", _SAVE):
        listed = config.get("token_indices")
        if listed is None:
            listed = config.get("trainable_token_indices")
        if isinstance(listed, dict):  # a list alone means the embedding of the model's input
            of_module = [ids for name, ids in listed.items() if _names(name, chosen)]
            listed = of_module[0] if of_module else None
        if listed is None:
            raise FileRefused(
                path, f"name the ids of trainable tokens of {chosen!r:.80}", "none", _SAVE
            )
        ids = as_ids(listed)
        if ids.shape != rows.shape[:1] or not ids.size or ids.min() < 0:
            received = f"{ids.size} for {len(rows)} rows"
            raise FileRefused(path, "name an id from 0 up for each row", received, DISTRUST)
    return PeftTokens(chosen, ids, rows)


def load_trainable_tokens(layer: Any, folder: Any, module: str | None = None) -> PeftTokens:
    """Set the rows that PEFT trained alone in a built Embedding; only they learn on.

    Raises
    ------
    embedlab.storage.FileRefused
        As of `read_trainable_tokens`, and for rows of another table. The layer is as it was.

    Examples
    --------
    >>> import tempfile
    >>> from embedlab.layers import Embedding
    >>> one, other = (Embedding(4, 2, weights=np.ones((4, 2)) * n) for n in (1, 2))
    >>> one.table.trainable_rows = [3]
    >>> folder = tempfile.mkdtemp()
    >>> save_trainable_tokens(one, folder)
    >>> load_trainable_tokens(other, folder).ids.tolist(), other([2, 3]).tolist()
    ([3], [[2.0, 2.0], [1.0, 1.0]])
    >>> other.table.trainable_rows.tolist()
    [3]
    """
    tokens = read_trainable_tokens(folder, module)
    shape = (layer.input_dim, layer.output_dim)
    if tokens.rows.shape[1] != shape[1] or tokens.ids.max() >= shape[0]:
        must, do = f"hold rows of a table of shape {shape}", "Compare the two models"
        received = f"rows of {tokens.rows.shape[1]} numbers, ids to {tokens.ids.max()}"
        raise FileRefused(folder, must, received, do)
    changed = layer.table.numpy()
    changed[tokens.ids] = tokens.rows
    layer.table.assign(changed)
    layer.table.trainable_rows = tokens.ids
    return tokens


def save_trainable_tokens(layer: Any, folder: Any, module: str = "embedding") -> None:
    """Write the rows in ``layer.table.trainable_rows`` as PEFT does, so that PEFT loads them.

    Parameters
    ----------
    layer : embedlab.layers.Embedding
    folder : path-like
        Made if it is not there.
    module : str
        The name of the embedding in the model that shall take them.

    Raises
    ------
    ValueError
        Where all rows are trainable.
    """
    ids = layer.table.trainable_rows
    if ids is None:
        must, do = "some rows must be trainable alone", "Set layer.table.trainable_rows = ids"
        raise ValueError(message(must, "a table that learns whole", do))
    place = Path(folder).expanduser()
    place.mkdir(parents=True, exist_ok=True)
    name = f"base_model.model.{module}.trainable_tokens_delta"
    write_tensors(place / WEIGHTS, {name: layer.table.numpy()[ids]}, {"format": "pt"})
    config = {
        "peft_type": "TRAINABLE_TOKENS",
        "token_indices": ids.tolist(),
        "target_modules": [module],
        "inference_mode": True,
    }
    with atomic_write(place / CONFIG) as temporary:
        temporary.write_text(json.dumps(config, indent=2))


def _read_config(folder: Path) -> dict[str, Any]:
    path = folder / CONFIG
    with as_file_refused(path, "hold the config of an adapter of PEFT", _SAVE):
        size = path.stat().st_size
        if size > MAX_CONFIG:
            raise FileRefused(path, f"be at most {MAX_CONFIG:,} bytes", f"{size:,}", DISTRUST)
        with file_budget(path):
            config: dict[str, Any] = read_json(path.read_bytes(), "a config")
        config["peft_type"]  # a dict, and one of PEFT
    return config


def _open_weights(folder: Path) -> tuple[Path, dict[str, Any], int]:
    path = folder / WEIGHTS
    if not path.exists() and (folder / "adapter_model.bin").exists():
        must, do = f"hold {WEIGHTS}", "Save it with safe_serialization=True"
        raise FileRefused(folder, must, "adapter_model.bin, a pickle", do)
    with as_file_refused(path, "hold an adapter", _SAVE):
        return path, *read_headers(path)


def _read_adapter(folder: Path, name: str, module: str | None) -> PeftAdapter:
    config, path = _read_config(folder), folder / CONFIG
    kind = config["peft_type"]
    if kind != "LORA" or config.get("use_dora"):
        received = f"{kind!r:.40}" if kind != "LORA" else "DoRA, which also has magnitudes"
        tokens = kind == "TRAINABLE_TOKENS"
        do = "Read it with load_trainable_tokens" if tokens else "Merge it with PEFT"
        raise FileRefused(path, "be of the kind LORA", received, do)
    path, headers, start = _open_weights(folder)
    with as_file_refused(path, "hold a LoRA adapter", _SAVE):
        modules = [match[1] for n in headers if (match := ADAPTED.fullmatch(n))]
        if not modules and any(map(TOKENS.fullmatch, headers)):
            do = "Read them with load_trainable_tokens"
            raise FileRefused(path, "hold the adapter of one embedding", "trainable tokens", do)
        chosen = _choose_module(path, modules, module)
        prefix = f"base_model.model.{chosen}."
        tensors = {}
        for part in ("lora_embedding_A", "lora_embedding_B", "base_layer.weight"):
            header = headers.get(prefix + part)
            if header is None and part == "base_layer.weight":
                continue
            if header is None or header[0] not in FLOATS or len(header[1]) != 2:
                received = "none" if header is None else f"{header[0]} of shape {header[1]}"
                raise FileRefused(
                    path, f"hold a matrix of floats in {prefix + part}", received, _SAVE
                )
            tensors[part] = read_tensor(path, header, start)
        a, b = (np.array(tensors[f"lora_embedding_{x}"].T, order="C") for x in "AB")
        rank, base = len(b), tensors.get("base_layer.weight")
        shape = (len(a), b.shape[1])
        if a.shape[1] != rank or (base is not None and base.shape != shape):
            received = f"{a.T.shape} and {b.T.shape}"
            received += "" if base is None else f" for a table of {base.shape}"
            raise FileRefused(path, "hold factors (R, V) and (D, R)", received, DISTRUST)
    path = folder / CONFIG
    with as_file_refused(path, "hold the config of a LoRA adapter", _SAVE):
        expected = int(_of_module(config, "rank_pattern", chosen, config["r"]))
        if expected != rank:
            received = f"rank {expected} for factors of rank {rank}"
            raise FileRefused(path, "have the rank of its factors", received, _SAVE)
        alpha = float(_of_module(config, "alpha_pattern", chosen, config["lora_alpha"]))
        adapter = PeftAdapter(name, chosen, a, b, alpha, bool(config.get("use_rslora")), base)
        lora_scale(rank, alpha, rslora=adapter.rslora)  # refuses an alpha that is no number
    return adapter


def _choose_module(
    path: Path,
    modules: list[str],
    module: str | None,
    what: str = "the adapter of one",
    cure: str = "Adapt the embedding: target_modules=[...] of LoraConfig",
) -> str:
    if module is None and len(modules) == 1:
        return modules[0]
    matches = [one for one in modules if module is not None and _names(module, one)]
    if len(matches) == 1:
        return matches[0]
    received = f"{len(modules)}: {modules[:12]!r:.400}" if modules else "none"
    if module is None:
        must, do = f"hold {what} embedding", "Pass module=... with one of these names"
    else:
        must, do = f"hold {what} embedding {module!r:.80}", "Choose one of its names"
    raise FileRefused(path, must, received, do if modules else cure)


def _names(pattern: str, module: str) -> bool:
    """Return whether a name is that of a module or its end, as in PEFT."""
    return module == pattern or module.endswith(f".{pattern}")


def _of_module(config: dict[str, Any], key: str, module: str, default: Any) -> Any:
    """Return the value of a module: that of the first pattern that names it, or the default."""
    for pattern, value in (config.get(key) or {}).items():
        plain = pattern.removeprefix("^").replace("\\.", ".")
        if re.search(r"[^\w.-]", plain):
            raise ValueError(f"{key} with the regular expression {pattern!r:.80}")
        if module == plain if pattern.startswith("^") else _names(plain, module):
            return value
    return default
