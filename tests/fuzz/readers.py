"""Readers of a stranger's bytes, each with valid samples to begin from.

A reader may return, or raise one of its own errors in one line; anything else is a fault.
"""

import functools
import io
import json
import tempfile
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from safetensors.numpy import save
from traitlets import TraitError

from embedlab.core.ids import IdError
from embedlab.data import peft
from embedlab.data.vectors import open as open_vectors
from embedlab.explorers.registry import explorer_class
from embedlab.explorers.state import StateError, from_link, to_link
from embedlab.layers import Dense, Embedding, GlobalAveragePooling1D
from embedlab.lessons.classroom.answers_file import FILE as ANSWERS
from embedlab.lessons.classroom.answers_file import load_answer
from embedlab.lessons.classroom.card import card
from embedlab.lessons.classroom.read_card import CardError, parse_card
from embedlab.models import Sequential, import_adapter, import_table, load_model
from embedlab.storage import FileRefused

VIEWS = ("lookup", "gradient", "mask", "lora", "training", "quantize", "window")
LONGEST = 1_000
"""Letters of an error: one line that a person reads."""

_TEMPORARY = tempfile.TemporaryDirectory(prefix="embedlab-fuzz-")  # removed when Python ends
FOLDER = Path(_TEMPORARY.name)


@dataclass(frozen=True)
class Reader:
    """A function of bytes, the errors that it may raise, and samples that it reads."""

    read: Callable[[bytes], object]
    samples: list[bytes]
    errors: tuple[type[Exception], ...] = (FileRefused,)

    def check(self, content: bytes) -> bool:
        """Read, and return whether it was accepted; AssertionError for a wrong refusal."""
        try:
            self.read(content)
        except self.errors as error:
            text = str(error)
            assert "\n" not in text and len(text) <= LONGEST, f"not one line: {text[:3000]!r}"
            return False
        return True


def _file(name: str, content: bytes) -> Path:
    path = FOLDER / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(content)
    return path


@functools.cache
def _model() -> dict[str, bytes]:
    """Return the parts of a small model's `.keras` file."""
    chain = Sequential([Embedding(9, 4, input_length=5), GlobalAveragePooling1D(), Dense(2)])
    chain.compile("adam", "mse")
    chain.fit(np.ones((2, 5), int), np.ones((2, 2)), verbose=0)
    chain.save(FOLDER / "good.keras")
    with zipfile.ZipFile(FOLDER / "good.keras") as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def _zip(parts: dict[str, bytes]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return file.getvalue()


def _with_config(content: bytes) -> object:
    return load_model(_file("config.keras", _zip({**_model(), "config.json": content})))


def _with_weights(content: bytes) -> object:
    return load_model(_file("weights.keras", _zip({**_model(), "model.weights.h5": content})))


def _lora(content: bytes) -> object:
    layer = Embedding(4, 3, weights=np.ones((4, 3)))
    return import_adapter(layer, _file("a.safetensors", content))


def _vectors(name: str) -> Callable[[bytes], object]:
    return lambda content: open_vectors(_file(name, content), progress=False)


def _tokenizer(name: str) -> Callable[[bytes], object]:
    folder = FOLDER / name.replace(".", "_")
    folder.mkdir(exist_ok=True)
    (folder / "table.safetensors").write_bytes(save({"t": np.ones((3, 2), "f4")}))

    def read(content: bytes) -> object:
        (folder / name).write_bytes(content)
        return open_vectors(folder / "table.safetensors", progress=False)

    return read


def _peft_config(content: bytes) -> object:
    folder = FOLDER / "peft"
    folder.mkdir(exist_ok=True)
    names = ("lora_embedding_A", "lora_embedding_B")
    shapes = ((2, 4), (3, 2))
    tensors = {
        f"base_model.model.wte.{name}": np.ones(shape, "f4")
        for name, shape in zip(names, shapes, strict=True)
    }
    (folder / "adapter_model.safetensors").write_bytes(save(tensors))
    (folder / peft.CONFIG).write_bytes(content)
    return peft.read_adapters(folder)


def _state(view: str) -> Callable[[bytes], object]:
    explorer = explorer_class(view)

    def read(content: bytes) -> None:
        view = explorer.from_state(content.decode("utf-8", "replace"))
        view.layout.close()  # ipywidgets leaves it open
        view.close()

    return read


def _states(view: str) -> list[bytes]:
    return [json.dumps(explorer_class(view)().state).encode()]


def _link(content: bytes) -> object:
    return from_link(content.decode("utf-8", "replace"))


def _sample_link() -> bytes:
    return to_link("https://example.org/view.html", explorer_class("lookup")().state).encode()


def _answers(content: bytes) -> object:
    _file(ANSWERS, content)
    return load_answer(FOLDER, "01.predict")


_VECTORS = [
    b"cat 1.0 0.5\ndog 0.5 2\n",
    b"2 3\ncat 1 2 3\ndog 4 5 6\n",
    b"1 2\ncat \0\0\0\0\0\0\0?",
]


def _npy(**options: object) -> bytes:
    file = io.BytesIO()
    np.save(file, np.ones((3, 2), **options))
    return file.getvalue()


def _npz() -> bytes:
    file = io.BytesIO()
    np.savez(file, vectors=np.ones((3, 2), "f4"), words=np.array(["a", "b", "c"]))
    return file.getvalue()


def _adapter() -> bytes:
    metadata = {"name": "a", "alpha": "1.0", "rslora": "false"}
    return save({"lora_a": np.ones((4, 2), "f4"), "lora_b": np.ones((2, 3), "f4")}, metadata)


READERS: dict[str, Callable[[], Reader]] = {
    "keras": lambda: Reader(lambda b: load_model(_file("m.keras", b)), [_zip(_model())]),
    "config": lambda: Reader(_with_config, [_model()["config.json"]]),
    "h5": lambda: Reader(_with_weights, [_model()["model.weights.h5"]]),
    "safetensors": lambda: Reader(
        lambda b: import_table(_file("t.safetensors", b)), [save({"t": np.ones((3, 2), "f4")})]
    ),
    "adapter": lambda: Reader(_lora, [_adapter()], (ValueError,)),  # also for its name
    "text": lambda: Reader(_vectors("v.txt"), _VECTORS),
    "npy": lambda: Reader(_vectors("v.npy"), [_npy(), _npy(dtype="f2")]),
    "npz": lambda: Reader(_vectors("v.npz"), [_npz()]),
    "tokenizer": lambda: Reader(
        _tokenizer("tokenizer.json"),
        [b'{"model": {"type": "WordPiece", "vocab": {"a": 0, "##b": 1, "c": 2}}}'],
    ),
    "vocab": lambda: Reader(_tokenizer("vocab.json"), [b'{"a": 0, "b": 1, "c": 2}']),
    "peft": lambda: Reader(
        _peft_config,
        [
            b'{"peft_type": "LORA", "r": 2, "lora_alpha": 4, "use_rslora": true,'
            b' "target_modules": ["wte"]}'
        ],
    ),
    "card": lambda: Reader(parse_card, [card().json.encode()], (CardError,)),
    "answers": lambda: Reader(_answers, [b'{"embedlab":1,"answers":{}}'], ()),
    "link": lambda: Reader(_link, [_sample_link()], (StateError,)),
    **{
        f"state-{view}": functools.partial(
            lambda view: Reader(_state(view), _states(view), (ValueError, TraitError, IdError)),
            view,
        )
        for view in VIEWS
    },
}
