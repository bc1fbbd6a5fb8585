"""Pages without Python answer as Python does: random edits, every preset, every state of a lesson.

An explorer and the committed bundle of `js/core` get the same edits. Integers and sentences of
their messages are equal, floats within 1e-6 (`LARGEST`). `STATES` pages of a view run in the gate;
`python tests/explorers/test_core_parity.py 300` runs more of them, and prints what differs.
"""

import ast
import base64
import json
import math
import os
import random
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from embedlab.core.skipgram.recorded import UPDATE_RULES
from embedlab.data.vocabulary import Vocabulary
from embedlab.distributed import SCHEMES
from embedlab.explorers.explorer import STATIC
from embedlab.explorers.inputs.model import LAYER_FACTORIES
from embedlab.explorers.registry import explorer_class
from embedlab.explorers.wire import decode
from embedlab.initializers import HeUniform
from embedlab.layers import Embedding
from embedlab.lessons.misconceptions import MISCONCEPTIONS

ROOT = Path(__file__).resolve().parents[2]
VIEWS = sorted(path.stem for path in (STATIC / "core").glob("*.js"))
STATES = 240 if "EMBEDLAB_THOROUGH" in os.environ else 20
EDITS = 4  # of one page
MEASURED = {"gather_ns", "onehot_ns"}
LARGEST = {"geometry": 4e-6, "gradient": 1e-11, "training": 3e-4}
"""The largest difference allowed where it is not 1e-6.

A cosine is a sum in single precision, whose order is the machine's: an error of 6e-8 is 1e-6 of a
twentieth. A gradient check moves weights by as little as 1e-12. Adam's 1 - beta ** t is a small
difference in single precision, and its power has a last bit of the machine; the steps add up what
follows.
"""

WORDS = re.findall(
    r"\S+",
    "the cat dog sat on mat a ran in of sun moon zebra apple tuple list It's 3.14 don't <b> &amp; "
    "#0 #1 #2 #5 #-1 #15 #99 New_York حتול 猫睡觉 👩🏽\u200d🚀 e\u0301tude . , ! …",
)
FLAT = ("Flatten", "GlobalAveragePooling1D", "GlobalMaxPooling1D", "SimpleRNN", "GRU", "LSTM")
OWN_WORDS = ["New_York", "cat", "", "the", "Cat", "zebra", "moon", "猫", "of", "it's"]


def sentence(rng, most=14):
    return " ".join(rng.choices(WORDS, k=rng.randrange(most)))


def term(rng):
    """Return a word of the vectors, a row number, or now and then neither."""
    kinds = [
        [f"#{rng.randrange(rng.choice([12, 900]))}"],
        ["list", "tuple", "True", " value ", "field", "fields", "int", "import"],
        ["unicorn", "tup", "", " ", "#99999", "#²", "w 1", "w\n2", "LIST", *OWN_WORDS],
    ]
    return rng.choice(rng.choice([*kinds[:2], *kinds]))


def size(rng, most):
    """Return a size: most often a small one, at times the largest."""
    return rng.choice([rng.randint(1, 12), rng.randint(1, 20), rng.randint(1, most), most])


def cell_edits(rng):
    edits = [
        [rng.randrange(20), rng.randrange(10), round(rng.uniform(-9, 9), rng.randrange(4))]
        for _ in range(rng.randrange(4))
    ]
    return edits


def bit_flips(rng):
    return [
        [rng.choice(["int8", "int4", "groups"]), *(rng.randrange(n) for n in (18, 12, 8))]
        for _ in range(rng.randrange(4))
    ]


def lines(rng):
    """Return sentences, at times without a word, and at times longer than is read."""
    most, wrong = rng.choice([4, 14, 14, 14, 400]), rng.choice(["#0", "#0", "#-1", "#999999999"])
    return [sentence(rng, most).replace("#-1", wrong) for _ in range(rng.randrange(8))]


def layers(rng):
    """Return a chain of layers, most often one that fits."""
    flat, chain = False, []
    for name in rng.choices(list(LAYER_FACTORIES), k=rng.randrange(6)):
        if flat and name not in ("Dense", "Dropout", "Flatten", "Reshape") and rng.random() < 0.9:
            continue
        flat = name != "Reshape" and (flat or name in FLAT)
        chain.append(name)
    return chain


INVALID = [
    *(None, True, -1, 3.5, 10**7, 1e-9, "", "x", "#1234567890", "it's \"\n", [], [7], {"a": 1}),
    *(
        [[1, 2]],
        [[0, -1, 1]],
        [[0, 0, 2_000_000]],
        [[0, 0, "1.5"]],
        [["int4", 0, 0, 8]],
        [["adam", 99]],
    ),
]
DRAWS = {
    "geometry": {
        "word": lambda rng: term(rng),
        "rows": lambda rng: rng.choice([rng.randint(1, 30), *rng.choices(range(400, 1100), k=3)]),
        "plane": lambda rng: rng.choice(["pca 1+2", "pca 3+4", "random", "t-SNE 30"]),
        "metric": lambda rng: rng.choice(["cosine", "euclidean"]),
        "color": lambda rng: rng.choice(["nearness", "kind", "size"]),
        "a": lambda rng: term(rng),
        "b": lambda rng: term(rng),
        "c": lambda rng: term(rng),
        "seed": lambda rng: rng.choice([0, 7, rng.randrange(2**31)]),
    },
    "lookup": {
        "text": lambda rng: sentence(rng, rng.choice([14, 14, 40])),
        "input_dim": lambda rng: size(rng, rng.choice([40, 40, 2048])),
        "output_dim": lambda rng: size(rng, 32),
        "method": lambda rng: rng.choice(["gather", "one-hot"]),
        "oob": lambda rng: rng.choice(["raise", "zero", "nan", "clip", "wrap"]),
        "seed": lambda rng: rng.choice([0, 7, rng.randrange(2**31)]),
        "edits": cell_edits,
        "grow": lambda rng: rng.choice([True, True, False]),
    },
    "gradient": {
        "text": lambda rng: sentence(rng, rng.choice([14, 14, 14, 100])).replace("#99", "#3"),
        "input_dim": lambda rng: size(rng, 40),
        "output_dim": lambda rng: size(rng, 16),
        "mode": lambda rng: rng.choice(["plain", "padding", "frequency", "tied"]),
        "rule": lambda rng: rng.choice(["add", "assign"]),
        "padding_idx": lambda rng: rng.randrange(8),
        "digits": lambda rng: rng.randrange(13),
        "seed": lambda rng: rng.choice([0, 7, rng.randrange(2**31)]),
        "grow": lambda rng: rng.choice([True, True, False]),
    },
    "lora": {
        "rank": lambda rng: rng.randint(1, 16),
        "alpha": lambda rng: rng.choice([1, 4, rng.randint(1, 64), 64]),
        "scaling": lambda rng: rng.choice(["lora", "rslora"]),
        "start": lambda rng: rng.choice(["random", "zero"]),
        "target": lambda rng: rng.choice(["topic", "one word", "random", "painted", "own"]),
        "seen": lambda rng: [rng.randrange(rng.choice([8, 70])) for _ in range(rng.randrange(17))],
        "input_dim": lambda rng: size(rng, 64),
        "output_dim": lambda rng: size(rng, 16),
        "seed": lambda rng: rng.choice([0, 7, rng.randrange(2**31 - 1000)]),
        "edits": cell_edits,
    },
    "quantize": {
        "scheme": lambda rng: rng.choice(["int8", "int4", "groups"]),
        "row": lambda rng: rng.choice([rng.randrange(8), rng.randrange(64), 64]),
        "block": lambda rng: size(rng, 40),
        "input_dim": lambda rng: size(rng, 64),
        "output_dim": lambda rng: size(rng, 32),
        "seed": lambda rng: rng.choice([0, 7, rng.randrange(2**31)]),
        "edits": cell_edits,
        "flips": bit_flips,
    },
    "mask": {
        "text": lambda rng: "\n".join(lines(rng)),
        "lengths": lambda rng: [rng.randrange(13) for _ in range(rng.randrange(7))],
        "steps": lambda rng: rng.randint(1, 12),
        "padding": lambda rng: rng.choice(["post", "pre"]),
        "mask_zero": lambda rng: rng.choice([True, True, False]),
        "layers": layers,
        "output_dim": lambda rng: rng.randint(1, 6),
        "seed": lambda rng: rng.choice([0, 7, rng.randrange(2**31)]),
    },
    "training": {
        "text": lambda rng: rng.choice([". ", " "]).join(sentence(rng, 12) for _ in range(4)),
        "runs": lambda rng: rng.sample(UPDATE_RULES, rng.randint(1, 3)),
        "branch": lambda rng: rng.choice(
            [[], [rng.randrange(3), rng.randrange(60), rng.choice(UPDATE_RULES), 0.05]]
        ),
        "steps": lambda rng: rng.randint(10, 80),
        "batch": lambda rng: rng.randint(1, 16),
        "input_dim": lambda rng: rng.randint(2, 40),
        "output_dim": lambda rng: rng.randint(1, 8),
        "seed": lambda rng: rng.choice([0, 7, rng.randrange(2**31)]),
    },
    "shard": {
        "text": lambda rng: rng.choice(
            [sentence(rng, rng.choice([14, 14, 40])).replace("#99", "#127"), "#5 " * 17]
        ),
        "scheme": lambda rng: rng.choice(SCHEMES),
        "workers": lambda rng: rng.randint(1, 8),
        "stream": lambda rng: rng.choice(["zipf", "uniform", "text"]),
        "hot_rows": lambda rng: rng.choice([0, 1, rng.randint(2, 40), 127, 128]),
        "batch_size": lambda rng: rng.randint(1, 16),
        "input_dim": lambda rng: rng.choice([128, 129, rng.randint(130, 1500), 16_384]),
        "output_dim": lambda rng: rng.randint(8, 32),
        "seed": lambda rng: rng.choice([0, 7, rng.randrange(2**31)]),
    },
    "window": {
        "text": lambda rng: rng.choice([". ", " "]).join(sentence(rng, 12) for _ in range(4)),
        "window": lambda rng: rng.randint(1, 4),
        "negative": lambda rng: rng.randrange(5),
        "learning_rate": lambda rng: round(10 ** rng.uniform(-3, 0), 4),
        "output_dim": lambda rng: rng.randint(2, 8),
        "input_dim": lambda rng: rng.randint(1, 18),
        "position": lambda rng: rng.randrange(100),
        "seed": lambda rng: rng.choice([0, 7, rng.randrange(2**31)]),
        "grow": lambda rng: rng.choice([True, True, False]),
    },
}


def own_table(rng, height=None):
    """Return the arguments of a table of the user's own, at times with words."""
    numbers = np.random.default_rng(rng.randrange(1000))
    shape = height or rng.randint(1, 24), rng.randint(1, 9)
    table = numbers.normal(size=shape).astype(rng.choice(["float32", "float64"]))
    words = OWN_WORDS[: rng.randint(1, 10)]
    return rng.choice([{"table": table}, {"table": table, "words": words}])


def lookup_page(rng):
    if rng.random() < 0.2:
        return own_table(rng)
    if rng.random() < 0.1:  # only a part of it is sent
        return own_table(rng, 3000) | {"text": "#2999 #0 the #17"}
    if rng.random() < 0.1:
        table = np.array([[1.0, 0.0], [0.0, 1.0], [np.nan, 1.0], [np.inf, 1.0]])
        return {"table": table, "text": "#0 #1 #3"}
    return {}


def quantize_page(rng):
    if rng.random() < 0.2:
        return own_table(rng)
    if rng.random() < 0.15:
        return {"table": np.random.default_rng(5).normal(size=(300, 9)), "row": 150}
    if rng.random() < 0.1:
        return {"table": np.array([[1.0, np.nan], [0.0, -np.inf], [2.0, 1.0]])}
    return {}


def lora_page(rng):
    """Return a table, a change or both of the user's own, some with numbers that are not drawn."""
    numbers = np.random.default_rng(rng.randrange(1000))
    shape = rng.choice([(rng.randint(1, 24), rng.randint(1, 9)), (70, 40), (2100, 2), (5, 33)])
    kind = rng.choice(["float16", "float32", "float64"])
    delta = numbers.normal(size=shape).astype(kind)
    if rng.random() < 0.2:
        delta.flat[delta.size // 2] = rng.choice([np.nan, np.inf])
    words = {"words": rng.choice([OWN_WORDS, [*OWN_WORDS] * 10])}
    pages = [{"delta": delta}, {"table": delta}, words, {"table": delta} | words]
    pages += [{"table": numbers.normal(size=shape), "delta": delta}, {"layer": adapted(shape)}]
    return rng.choice(pages) if rng.random() < 0.4 else {}


def adapted(shape):
    """Return a layer with an adapter."""
    layer = Embedding(*shape, HeUniform(seed=3))
    layer.build()
    layer.add_adapter("legal", 1, 2.0, a_initializer=HeUniform(seed=4), b_initializer="ones")
    return layer


def gradient_page(rng):
    if rng.random() < 0.2:
        return own_table(rng)
    if rng.random() < 0.1:
        return own_table(rng, 300) | {"text": "#299 #0 #17 #299"}
    if rng.random() < 0.1:
        return {"table": np.array([[1.0, np.nan], [0.0, 2.0]]), "text": "#0 #1 #1"}
    return {}


def geometry_page(rng):
    table = np.random.default_rng(rng.randrange(1000)).normal(size=(30, 6))
    if rng.random() < 0.2:
        return own_table(rng)
    if rng.random() < 0.1:  # more rows than the map draws, some of them named
        table = np.random.default_rng(3).normal(size=(6000, 8)).astype(np.float32)
        return {"table": table, "words": [f"w{n}" for n in range(5000)], "a": "#5999"}
    if rng.random() < 0.3:
        maps = {
            "t-SNE 30": np.random.default_rng(7).normal(size=(30, 2)),
            "line": np.eye(30)[:, :2],
        }
        table[4, 2] = np.nan
        labels = {"kind": ["noun", "verb", None, "#0", "é"] * 6, "size": np.arange(30) ** 2 + 0.5}
        return {
            "table": table,
            "maps": maps,
            "labels": labels,
            "plane": "line",
            "a": "#1",
            "b": "#2",
            "c": "#3",
        }
    if rng.random() < 0.1:  # more columns than rows
        return {"table": np.random.default_rng(4).normal(size=(30, 900)).astype(np.float32)}
    if rng.random() < 0.1:
        table[[2, 4], 3] = np.nan, np.inf
        table[6] = 0
        return {"table": table.astype(rng.choice(["float16", "float32"])), "word": "#1"}
    if rng.random() < 0.1:
        words = ["👩🏽\u200d🚀" * 12, "␣list", "tuple\x00", "word " * 20, "İ", "Ġfield", "list"]
        return {"table": table, "words": words, "word": "Ġlist"}
    return {}


def mask_page(rng):
    if rng.random() < 0.2:
        return {"layer": own_table(rng)["table"]}
    if rng.random() < 0.1:
        return {"layer": np.array([[1.0, -1.0], [np.nan, 0.0], [0.0, 0.0], [1e200, np.inf]])}
    words = Vocabulary(["the", "cat", "dog", "a", "sat"])
    return rng.choice([{}, {}, {}, {"vocabulary": words, "text": "a cat sat\n#0 zebra"}])


def shard_page(rng):
    return rng.choice([{}, {"text": "the cat #90 the"}, {"ids": [5, 5, 1000, 77]}])


def window_page(rng):
    text = rng.choice(["the cat sat. the dog", "猫睡觉。狗跑！", ""])
    return rng.choice([{}, {}, {"text": text}, {"vocabulary": Vocabulary(["the", "cat", "dog"])}])


PAGES = {
    "geometry": geometry_page,
    "gradient": gradient_page,
    "lookup": lookup_page,
    "lora": lora_page,
    "mask": mask_page,
    "quantize": quantize_page,
    "shard": shard_page,
    "training": window_page,
    "window": window_page,
}


def lesson_states(view):
    """Return the arguments of the view's explorers in the lessons, where they are plain values."""
    name = explorer_class(view).__name__
    states = []
    for path in sorted((ROOT / "notebooks" / "source").glob("*.md")):
        for code in re.findall(r"```\{code-cell\}[^\n]*\n(.*?)```", path.read_text("utf-8"), re.S):
            lines = [line for line in code.split("\n") if not re.match(r"[%!:]", line)]
            try:
                tree = ast.parse("\n".join(lines))
            except SyntaxError:  # a cell for the learner to complete
                continue
            for call in ast.walk(tree):
                if isinstance(call, ast.Call) and getattr(call.func, "id", "") == name:
                    states += _plain_arguments(call)
    return states


def _plain_arguments(call):
    try:
        arguments = {"text": ast.literal_eval(call.args[0])} if call.args else {}
        for keyword in call.keywords:
            if keyword.arg not in ("ask", "tasks", "link_id"):
                arguments[keyword.arg] = ast.literal_eval(keyword.value)
    except ValueError:
        return []
    return [arguments]


def presets(view):
    states = [record.preset for record in MISCONCEPTIONS.values()]
    return [preset["params"] for preset in states if preset["view"] == view]


def play(view, arguments, edits):
    """Return a page, and the messages with which Python answers the edits."""
    explorer = explorer_class(view)(**arguments)
    message = explorer.message
    page = {
        "view": view,
        "data": {"initial": explorer.initial, "inputs": explorer.page_inputs()},
        "message": {**message, "buffer": base64.b64encode(message["buffer"]).decode()},
        "edits": edits,
    }
    answers = []
    for n, edit in enumerate(edits, start=1):
        explorer.set_state({**edit, "_seq": n})
        answers.append(explorer.message)
    return page, answers


def random_edits(rng, view, initial):
    draws, edits = DRAWS[view], []
    for _ in range(EDITS):
        names = rng.sample(list(draws), rng.choice([1, 1, 1, 2, 3]))
        edit = {name: draws[name](rng) for name in names}
        if rng.random() < 0.1:
            edit[rng.choice(names)] = rng.choice(INVALID)
        edits.append(edit)
    if rng.random() < 0.2:
        edits.append(initial)  # Reset
    return edits


def states(view, count):
    """Return pages and Python's answers: lessons and presets, then `count` random edits."""
    rng = random.Random(f"{view} 11")
    cls = explorer_class(view)
    again = {"seed": 8} if "seed" in cls.PARAMS else {}
    pages = [play(view, state, [again]) for state in [*presets(view), *lesson_states(view)]]
    for state in presets(view):  # reached by edits
        pages.append(play(view, {}, [dict(state)]))
    for _ in range(math.ceil(count / EDITS)):
        arguments = PAGES[view](rng)
        pages.append(play(view, arguments, random_edits(rng, view, cls(**arguments).params)))
    return pages


def replay(view, pages, folder):
    """Return the answers of the bundle."""
    node = shutil.which("node")
    if not node:
        reason = "no Node: install it to test js/core"
        pytest.fail(reason) if os.environ.get("CI") else pytest.skip(reason)
    bundle = STATIC / "core" / f"{view}.js"
    edits, answers = folder / "edits.json", folder / "answers.json"
    content = {"bundles": {view: str(bundle)}, "pages": pages}
    edits.write_text(json.dumps(content), encoding="utf-8")
    script = Path(__file__).with_name("replay_core.mjs")
    subprocess.run([node, str(script), str(edits), str(answers)], check=True)
    return json.loads(answers.read_text(encoding="utf-8"))


def differences(expected, received, where="header"):
    """Yield what differs in two headers, and the relative difference of each float."""
    if isinstance(expected, dict) and isinstance(received, dict):
        for key in expected.keys() | received.keys():
            if key not in expected or key not in received:
                yield f"{where}.{key} is only in one", math.inf
            else:
                yield from differences(expected[key], received[key], f"{where}.{key}")
    elif isinstance(expected, (list, tuple)) and isinstance(received, list):
        if len(expected) != len(received):
            yield f"{where} has {len(expected)}, here {len(received)}", math.inf
        for n, pair in enumerate(zip(expected, received, strict=False)):
            yield from differences(*pair, f"{where}[{n}]")
    elif isinstance(expected, float) and isinstance(received, (int, float)):
        distance = abs(expected - received) / max(abs(expected), 1e-3)
        yield f"{where}: {expected!r}, here {received!r}", distance
    elif expected != received or isinstance(expected, bool) != isinstance(received, bool):
        yield f"{where}:\n{expected!r}\nhere\n{received!r}", math.inf


def equally_near(expected, received, name):
    """Return whether two orders of neighbors differ only between rows with one cosine.

    The last bits of a product of matrices depend on the machine, and so which of two equals leads.
    """
    rows = expected[name.replace("order", "restored") if "." in name else "table"].astype(float)
    if "rows" in expected:  # not all rows are sent: a few neighbors in a row may be exchanged
        pair = [ids[name].astype(int) for ids in (expected, received)]
        sums = [ids.cumsum(axis=1) for ids in pair]
        return (sums[0] != sums[1]).mean() < 0.005
    with np.errstate(invalid="ignore"):
        unit = np.nan_to_num(rows / np.linalg.norm(rows, axis=1, keepdims=True))
    cosines = unit @ unit.T
    pair = [np.take_along_axis(cosines, ids[name].astype(int), 1) for ids in (expected, received)]
    return np.abs(pair[0] - pair[1]).max(initial=0) < 1e-6


def array_differences(expected, received):
    for name, one in expected.items():
        other = received.get(name)
        if other is None or (one.dtype, one.shape) != (other.dtype, other.shape):
            received_kind = None if other is None else (other.dtype, other.shape)
            yield f"{name} is {one.dtype} {one.shape}, here {received_kind}", math.inf
        elif one.dtype.kind != "f":
            near = name.split(".")[-1] == "order" and "similarity" in expected
            ties = near and equally_near(expected, received, name)
            if (one != other).any() and not ties:
                yield f"{name} differs at {np.argwhere(one != other)[:3].tolist()}", math.inf
        elif one.size:
            # A number near 0 has the rounding of the numbers that it is a sum of.
            most = np.abs(one)[np.isfinite(one)].max(initial=0)
            least = max(1e-9, 0.05 * most) if one.dtype == np.float32 else 1e-3
            same = (one == other) | (np.isnan(one) & np.isnan(other))
            with np.errstate(invalid="ignore"):
                distance = np.abs(one - other) / np.maximum(np.abs(one), least)
            if name in ("curve", "largest") and "up" in expected:  # a difference of two losses
                losses = np.nanmax(np.abs(expected["up"]), initial=1)
                same |= np.abs(one - other) < 5e-15 * losses * 10.0 ** np.arange(13)
            distance = np.where(same, 0, np.where(np.isnan(distance), np.inf, distance))
            at = np.unravel_index(distance.argmax(), distance.shape)
            yield f"{name}{list(map(int, at))}: {one[at]}, here {other[at]}", float(distance.max())
    if extra := received.keys() - expected.keys():
        yield f"{extra} only here", math.inf


def compare(view, count, folder):
    """Return the largest relative difference, and all that are larger than 1e-6."""
    played = states(view, count)
    answers = replay(view, [page for page, _ in played], folder)
    largest, wrong, slowest = 0.0, [], 0.0
    for (page, expected), received in zip(played, answers, strict=True):
        for n, (one, other) in enumerate(zip(expected, received, strict=True)):
            slowest = max(slowest, other["ms"])
            other["buffer"] = base64.b64decode(other["buffer"])
            headers, arrays = zip(decode(one), decode(other), strict=True)
            for header in headers:
                for name in MEASURED & header.keys():
                    header[name] = header[name] is None
            for text, distance in [*differences(*headers), *array_differences(*arrays)]:
                largest = max(largest, distance)
                if not distance <= LARGEST.get(view, 1e-6):
                    wrong.append(f"{page['edits'][: n + 1]}\n{text}")
    return largest, wrong, slowest


@pytest.mark.one_in(2)
@pytest.mark.parametrize("view", VIEWS)
def test_a_page_answers_as_python_does(view, tmp_path, monkeypatch):
    monkeypatch.setattr("embedlab.explorers.inputs.word_vectors.DRAWN_MAX", 4000)
    _, wrong, _ = compare(view, STATES, tmp_path)
    assert not wrong, "\n\n".join(wrong[:5])


def test_a_page_finds_the_words_that_python_finds(tmp_path):
    words = ["King", "kingdom", "Parking", "␣king", "king", "İstanbul", "two\nlines", "", *WORDS]
    words += [f"w{n}" for n in range(60)] + ["Ġfield", "ΣΑΣ", "king"]
    table = np.random.default_rng(3).normal(size=(len(words), 3))
    page, _ = play("geometry", {"table": table, "words": words, "word": "#1"}, [])
    texts = ["king", "KIN", "w", "w5", "w1 ", "#12", "#99", "", " ", "zzz", "i̇s", "o l", "σα", "␣"]
    explorer = explorer_class("geometry")(table=table, words=words, word="#1")
    expected = []
    for n, text in enumerate(texts):
        page.setdefault("searches", []).append({"n": n, "text": text})
        explorer.set_state({"_query": {"n": n, "text": text}})
        expected.append(explorer._matches)
    assert replay("geometry", [page], tmp_path) == [expected]


@pytest.mark.parametrize("metric", ["cosine", "euclidean"])
def test_a_page_measures_a_selection_as_python_does(metric, tmp_path):
    table = np.random.default_rng(3).normal(size=(70, 5))
    table[6, 1], table[[7, 8, 40]] = np.nan, 0
    rows = [0, 6, 7, 30, 31, 32, 69]
    state = {"table": table, "word": "#1", "plane": "pca 3+4", "metric": metric}
    explorer = explorer_class("geometry")(**state)
    page, _ = play("geometry", state, [])
    page["members"] = [
        {"n": 1, "rows": rows, "selection": rows},
        {"n": 2, "rows": [1, 99], "selection": [1]},
    ]
    for members, answer in zip(
        page["members"], replay("geometry", [page], tmp_path)[0], strict=True
    ):
        explorer.selection = members["selection"]
        explorer.set_state({"_members": {"n": members["n"], "rows": members["rows"]}})
        expected = dict(explorer._member_facts)
        for name in ("alike", "all"):
            assert answer.pop(name) == pytest.approx(expected.pop(name), abs=1e-6)
        assert answer == expected


def test_a_page_ranks_beside_a_very_long_row(tmp_path):
    edits = [{"plane": "random"}, {"plane": "pca 1+2"}, {"metric": "cosine"}]
    tables = np.random.default_rng(3).normal(size=(12, 200, 12)).astype(np.float32)
    tables[:, 6] *= 1e12
    state = {"word": "#1", "metric": "euclidean"}
    played = [play("geometry", {"table": table, **state}, edits) for table in tables]
    answers = replay("geometry", [page for page, _ in played], tmp_path)
    for (_, messages), page_answers in zip(played, answers, strict=True):
        for message, answer in zip(messages, page_answers, strict=True):
            quality = message["header"]["quality"]
            assert answer["header"]["quality"] == pytest.approx(quality, abs=1e-6)
            assert 0.4 < quality["trustworthiness"] < 0.9


if __name__ == "__main__":
    import tempfile

    count = int(sys.argv[1])
    for view in sys.argv[2:] or VIEWS:
        with tempfile.TemporaryDirectory() as folder:
            largest, wrong, slowest = compare(view, count, Path(folder))
        print(f"{view}: {count} edits, largest difference {largest:.2g}, slowest {slowest:.0f} ms")
        print("\n\n".join(wrong[:8]))
