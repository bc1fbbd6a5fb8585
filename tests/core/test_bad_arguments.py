"""Every public function of the core with bad arguments: one clear error, and nothing is written."""

import copy
import inspect
from collections.abc import Callable
from dataclasses import fields, is_dataclass
from typing import Any, NamedTuple

import numpy as np
import pytest
from public_functions import CALLS, INTERNAL, Call, V, public_names, table
from strange_values import STRANGE

from embedlab.core.checks import DtypeError, NotFiniteError, ShapeError
from embedlab.core.ids import IdError, IdTypeError
from embedlab.core.lora import Adapter


class Bad(NamedTuple):
    """A bad argument made of a good one, and the expected outcome.

    error: the classes that may be raised. received: what the message must hold, this | or that.
    otherwise: "raise"; "same", an error or the result of the good argument; "any", an error or a
    result.
    """

    make: Callable
    error: Any = (TypeError, ValueError, IndexError, MemoryError)
    received: str = ""
    otherwise: str = "raise"


def put(value):
    """Put `value` at the last place of an array, whatever its dtype."""

    def make(good):
        array = np.array(good)
        array = array.astype(np.result_type(array.dtype, np.asarray(value).dtype))
        array.flat[-1] = value
        return array

    return make


def instead(value):
    return lambda good: copy.deepcopy(value)


def cast(dtype):
    return lambda good: np.asarray(good).astype(dtype)


def swapped(good):
    return good.astype(good.dtype.newbyteorder())


def frozen(good):
    good.setflags(write=False)
    return good


def part(number, bad):
    """Spoil one part of a tuple."""
    return lambda good: (
        type(good)(*(bad(p) if n == number else p for n, p in enumerate(good)))
        if (hasattr(good, "_fields"))
        else tuple(bad(p) if n == number else p for n, p in enumerate(good))
    )


WORDS, OBJECT, RAGGED = [["a", "b"]], np.array([None, {}], object), [[1], [1, 2]]
KIND = {
    "whole": {
        "a fraction": Bad(put(0.5), IdTypeError, "0.5"),
        "NaN": Bad(put(np.nan), IdTypeError, "nan"),
        "infinity": Bad(put(np.inf), IdTypeError, "inf"),
        "words": Bad(instead(WORDS), IdTypeError, "'a'"),
        "complex": Bad(cast(complex), IdTypeError, "complex"),
        "None": Bad(instead(None), IdTypeError, "None"),
        "objects": Bad(instead(OBJECT), IdTypeError, "None"),
        "ragged": Bad(instead(RAGGED), ShapeError, "different lengths"),
        "beyond int64": Bad(lambda g: [2**70], IdError, str(2**70)),
        "swapped": Bad(swapped, otherwise="same"),
        "whole floats": Bad(cast(float), otherwise="same"),
        "int8": Bad(cast("i1"), otherwise="same"),
        "list": Bad(lambda g: g.tolist(), otherwise="same"),
        "read-only": Bad(frozen, otherwise="same"),
        "Fortran": Bad(np.asfortranarray, otherwise="same"),
        "whole objects": Bad(cast(object), otherwise="same"),
        "empty": Bad(lambda g: g[:0], otherwise="any"),
    },
    "outside": {
        "too large": Bad(put(10**6), IdError, "1000000"),
        "V": Bad(put(V), IdError, "6"),
        "negative": Bad(put(-1), IdError, "-1"),
        "huge": Bad(put(2**62), IdError, str(2**62)),
    },
    "no floats": {
        "whole numbers": Bad(cast(int), DtypeError, "i"),
        "complex": Bad(cast(complex), DtypeError, "c"),
        "objects": Bad(cast(object), DtypeError, "O"),
        "words": Bad(instead([["a"]]), DtypeError, "U"),
        "None": Bad(instead(None), (DtypeError, ShapeError), ""),
        "ragged": Bad(instead(RAGGED), (DtypeError, ShapeError)),
        "swapped": Bad(swapped, DtypeError, ">f4", otherwise="same"),
        "list": Bad(lambda g: g.tolist(), otherwise="any"),  # of float64 numbers
        "NaN": Bad(put(np.nan), otherwise="any"),
        "empty": Bad(lambda g: g[:0], otherwise="any"),
        "fewer columns": Bad(lambda g: g[..., :-1].copy(), otherwise="any"),
        "one axis more": Bad(lambda g: g[None], otherwise="any"),
        "one axis less": Bad(lambda g: g[0], otherwise="any"),
    },
    "no size": {
        "zero": Bad(instead(0), ValueError, "0"),
        "negative": Bad(instead(-1), ValueError, "-1"),
        "a fraction": Bad(instead(2.5), ValueError, "2.5"),
        "NaN": Bad(instead(np.nan), ValueError, "nan"),
        "a word": Bad(instead("3"), ValueError, "'3'"),
        "a list": Bad(instead([3]), ValueError, "[3]"),
        "True": Bad(instead(True), ValueError, "True"),
        "None": Bad(instead(None), ValueError, "None", otherwise="any"),
    },
    "no number": {
        "NaN": Bad(instead(np.nan), ValueError, "nan"),
        "infinity": Bad(instead(np.inf), ValueError, "inf"),
        "a word": Bad(instead("x"), ValueError, "'x'"),
        "a list": Bad(instead([1.0]), ValueError, "[1.0]"),
        "complex": Bad(instead(1j), ValueError, "1j"),
        "True": Bad(instead(True), ValueError, "True"),
        "None": Bad(instead(None), ValueError, "None", otherwise="any"),
    },
    "no adapter": {
        "NaN scale": Bad(part(2, instead(np.nan)), ValueError, "nan"),
        "infinite scale": Bad(part(2, instead(-np.inf)), ValueError, "-inf"),
        "a word for a scale": Bad(part(2, instead("x")), ValueError, "'x'"),
        "whole numbers": Bad(part(0, cast(int)), DtypeError, "<i8"),
        "swapped": Bad(part(0, swapped), DtypeError, ">f4"),
        "two dtypes": Bad(part(1, cast("f8")), DtypeError, "<f8"),
        "objects": Bad(part(1, cast(object)), DtypeError, "|O"),
        "ragged": Bad(part(1, instead(RAGGED)), (DtypeError, ShapeError)),
        "rows missing": Bad(part(0, lambda a: a[:-1]), (ShapeError, IdError), "5"),
        "columns missing": Bad(part(1, lambda b: b[:, :-1]), ShapeError, "3)"),
        "rank 0": Bad(lambda g: Adapter(g.a[:, :0], g.b[:0], 1.0), ShapeError, "(6, 0)"),
        "two parts": Bad(lambda g: g[:2], ValueError, "tuple"),
        "nothing": Bad(instead(None), ValueError, "NoneType"),
    },
}
NO_SIZE = {**KIND["no size"], "huge": Bad(instead(2**80), otherwise="any")}
BAD: dict[str, dict[str, Bad]] = {
    "any": {},
    "ids, any range": KIND["whole"],
    "ids": {**KIND["whole"], **KIND["outside"]},
    "id": {
        "V": Bad(instead(V), IdError, "6"),
        "negative": Bad(instead(-1), IdError, "-1"),
        "a fraction": Bad(instead(0.5), IdTypeError, "0.5"),
        "a word": Bad(instead("a"), IdTypeError, "'a'"),
        "None": Bad(instead(None), IdTypeError, "None"),
        "two": Bad(instead([0, 1]), ShapeError, "(2,)"),
    },
    "floats": {**KIND["no floats"], "scalar": Bad(lambda g: g.flat[0], ShapeError, "(|scalar")},
    "floats, any columns": {k: b for k, b in KIND["no floats"].items() if k != "fewer columns"},
    "floats, any shape": KIND["no floats"],
    "numbers": {  # whole ones too
        "complex": Bad(cast(complex), (DtypeError, ShapeError), "complex"),
        "objects": Bad(cast(object), (DtypeError, ShapeError), "object"),
        "words": Bad(cast(str), (DtypeError, ShapeError), "U"),
        "ragged": Bad(instead(RAGGED), ShapeError),
        "too few": Bad(lambda g: g[:-1], ShapeError, "(1, 3, 4)"),
        "swapped": Bad(swapped, otherwise="same"),
    },
    "finite floats": {
        **KIND["no floats"],
        "NaN": Bad(put(np.nan), NotFiniteError, "nan at [5, 3]"),
        "infinity": Bad(put(-np.inf), NotFiniteError, "-inf at [5, 3]"),
    },
    "in place": {
        "whole numbers": Bad(cast(int), (DtypeError, ShapeError), "int64|<i8"),
        "list": Bad(lambda g: g.tolist(), (ShapeError, ValueError), "list"),
        "swapped": Bad(swapped, (DtypeError, ShapeError, ValueError)),
        "read-only": Bad(frozen, ValueError),
        "too short": Bad(lambda g: g[:-1].copy(), (ShapeError, IdError)),
        "too narrow": Bad(lambda g: g[..., :-1].copy(), ShapeError, otherwise="any"),
        "not contiguous": Bad(np.asfortranarray, ValueError, otherwise="same"),
        "None": Bad(instead(None), otherwise="any"),
    },
    "step gradient": {
        "an id outside": Bad(part(0, put(V)), IdError, "6 at [1, 2]"),
        "a fraction": Bad(part(0, put(0.5)), IdTypeError, "0.5"),
        "whole numbers": Bad(part(1, cast(int)), DtypeError, "int64|<i8"),
        "wider": Bad(part(1, cast("f8")), DtypeError, "float64"),
        "swapped": Bad(part(1, swapped), otherwise="same"),
        "too short": Bad(part(1, lambda g: g[:1]), ShapeError, "(1, 3, 4)"),
        "ragged": Bad(part(1, instead(RAGGED)), (DtypeError, ShapeError)),
        "three parts": Bad(lambda g: (*g, 1), TypeError, "tuple"),
        "a dense one of another shape": Bad(instead(np.zeros((V, 1), "f4")), ShapeError, "(6, 1)"),
        "None": Bad(instead(None), TypeError, "NoneType"),
    },
    "size": NO_SIZE,
    "count": {k: b for k, b in NO_SIZE.items() if k != "zero"},
    "epochs": KIND["no size"],
    "block": {k: b for k, b in NO_SIZE.items() if k != "negative"},  # -1 means none, as None does
    "seed": {**KIND["no size"], "zero": Bad(instead(0), otherwise="any")},
    "rows": {
        **KIND["no size"],
        "too few": Bad(instead(1), IdError),
        "V * D beyond the memory": Bad(instead(2**50), (ValueError, MemoryError)),
        "V * D beyond int64": Bad(instead(2**62), (ValueError, MemoryError)),
        "V beyond int64": Bad(instead(2**80), (ValueError, MemoryError)),
    },
    "table rows": {"beyond int64": Bad(instead(2**62), ValueError, str(2**62))},
    "array": {
        "ragged": Bad(instead(RAGGED), ShapeError),
        "list": Bad(lambda g: g.tolist(), otherwise="same"),
    },
    "row count": {
        **{k: b for k, b in KIND["no size"].items() if k != "zero"},
        "too few": Bad(instead(1), IdError),
        "beyond int64": Bad(instead(2**80), ValueError, str(2**80)),
    },
    "many rows": {
        **KIND["no size"],
        "too few": Bad(instead(1), IdError),
        "V beyond int64": Bad(instead(2**80), (ValueError, MemoryError), str(2**80)),
        "V * D beyond int64": Bad(instead(2**62), otherwise="any"),
    },
    "padding": {
        "V": Bad(instead(V), IdError, "6"),
        "negative": Bad(instead(-1), ValueError, "-1"),
        "a fraction": Bad(instead(0.5), ValueError, "0.5"),
        "NaN": Bad(instead(np.nan), ValueError, "nan"),
        "a word": Bad(instead("a"), ValueError, "'a'"),
        "True": Bad(instead(True), ValueError, "True"),
        "huge": Bad(instead(2**80), ValueError, str(2**80)),
    },
    "number": KIND["no number"],
    "number >= 0": {**KIND["no number"], "negative": Bad(instead(-0.5), ValueError, "-0.5")},
    "number > 0": {
        **{k: b for k, b in KIND["no number"].items() if k != "infinity"},
        "negative": Bad(instead(-0.5), ValueError, "-0.5"),
        "zero": Bad(instead(0), ValueError, "0"),
    },
    "share": {
        **KIND["no number"],
        "negative": Bad(instead(-0.5), ValueError, "-0.5"),
        "above 1": Bad(instead(1.5), ValueError, "1.5"),
    },
    "word": {
        "another word": Bad(instead("?"), ValueError, "'?'"),
        "None": Bad(instead(None), ValueError, "None"),
        "a list": Bad(instead(["sum"]), ValueError, "['sum']"),
        "a fraction": Bad(instead(0.5), ValueError, "0.5"),
    },
    "bits": {
        "three": Bad(instead(3), ValueError, "3"),
        "True": Bad(instead(True), ValueError, "True"),
        "a word": Bad(instead("8"), ValueError, "'8'"),
        "a list": Bad(instead([8]), ValueError, "[8]"),
        "None": Bad(instead(None), ValueError, "None"),
    },
    "mask": {
        "whole numbers": Bad(cast(int), (DtypeError, ShapeError), "int64|<i8"),
        "words": Bad(cast(str), (DtypeError, ShapeError), "U"),
        "objects": Bad(cast(object), (DtypeError, ShapeError), "object"),
        "ragged": Bad(instead(RAGGED), (DtypeError, ShapeError)),
        "too narrow": Bad(lambda g: g[..., :-1], ShapeError),
        "too many": Bad(lambda g: np.concatenate([g, g]), ShapeError),
        "list": Bad(lambda g: g.tolist(), otherwise="same"),
    },
    "factors": {
        "words": Bad(cast(str), (DtypeError, ShapeError), "U"),
        "complex": Bad(cast(complex), (DtypeError, ShapeError), "complex"),
        "objects": Bad(cast(object), (DtypeError, ShapeError), "object"),
        "ragged": Bad(instead(RAGGED), (DtypeError, ShapeError)),
        "too few": Bad(lambda g: g[:-1], ShapeError),
        "swapped": Bad(swapped, otherwise="same"),
        "whole numbers": Bad(cast(int), otherwise="same"),
    },
    "offsets": {
        "beyond": Bad(instead([0, 99]), ValueError, "99"),
        "negative": Bad(instead([-1, 2]), ValueError, "-1"),
        "falling": Bad(instead([2, 0]), ValueError, "2"),
        "fractions": Bad(instead([0, 0.5]), IdTypeError, "0.5"),
        "words": Bad(instead(["a"]), IdTypeError, "'a'"),
        "two axes": Bad(instead([[0, 2]]), ValueError),
        "ragged": Bad(instead(RAGGED), ShapeError),
        "swapped": Bad(swapped, otherwise="same"),
    },
    "adapter": KIND["no adapter"],
    "adapters": {
        **{
            name: Bad((lambda make: lambda good: [make(good[0])])(b.make), b.error, b.received)
            for name, b in KIND["no adapter"].items()
        },
        "one, not a list": Bad(lambda g: g[0], (ValueError, TypeError)),
        "a number": Bad(instead(5), TypeError, "5"),
        "nothing": Bad(instead(None), TypeError, "None"),
    },
    "quantized": {
        "floats": Bad(lambda g: table(), (TypeError, ShapeError)),
        "nothing": Bad(instead(None), (TypeError, ShapeError), "NoneType"),
        "a word": Bad(instead("int8"), (TypeError, ShapeError), "str"),
    },
    "bags": {
        "nothing": Bad(instead(None), TypeError, "NoneType"),
        "starts beyond": Bad(lambda g: g._replace(starts=np.array([0, 99])), ShapeError),
        "starts fall": Bad(lambda g: g._replace(starts=np.array([0, 9, 6])), ShapeError),
        "float starts": Bad(lambda g: g._replace(starts=g.starts + 0.5), (ShapeError, TypeError)),
        "float ids": Bad(lambda g: g._replace(ids=g.ids + 0.5), (ShapeError, TypeError)),
        "lists": Bad(lambda g: g._replace(ids=g.ids.tolist()), (ShapeError, TypeError)),
        "weights missing": Bad(lambda g: g._replace(weights=g.weights[:2]), ShapeError),
        "words for weights": Bad(
            lambda g: g._replace(weights=g.weights.astype(str)), (ShapeError, TypeError)
        ),
    },
    "winners": {
        "narrower": Bad(cast("i4"), (DtypeError, ShapeError), "int32"),
        "floats": Bad(cast("f8"), (DtypeError, ShapeError), "float64"),
        "too few": Bad(lambda g: g[:-1], ShapeError),
        "outside": Bad(put(99), ValueError, "99", otherwise="any"),
        "ragged": Bad(instead(RAGGED), (DtypeError, ShapeError)),
        "nothing": Bad(instead(None), (DtypeError, ShapeError), "object"),
    },
    "codes": {
        "wider": Bad(cast(int), DtypeError, "int64|<i8"),
        "floats": Bad(cast(float), DtypeError, "float64"),
        "words": Bad(instead(["a"]), (DtypeError, ShapeError)),
        "scalar": Bad(lambda g: g.flat[0], ShapeError),
        "ragged": Bad(instead(RAGGED), (DtypeError, ShapeError)),
        "nothing": Bad(instead(None), (DtypeError, ShapeError)),
    },
    "scales": {
        "NaN": Bad(put(np.nan), NotFiniteError, "nan at [5]"),
        "infinity": Bad(put(np.inf), NotFiniteError, "inf at [5]"),
        "negative": Bad(put(np.float32(-1)), ValueError, "-1.0"),
        "zero": Bad(put(np.float32(0)), ValueError, "0.0"),
        "swapped": Bad(swapped, DtypeError, ">f4"),
        "whole numbers": Bad(cast(int), DtypeError, "i8"),
        "too few": Bad(lambda g: g[:-1], ShapeError, "(5,)"),
        "ragged": Bad(instead(RAGGED), (DtypeError, ShapeError)),
    },
    "singular values": {
        "negative": Bad(put(-1.0), ValueError, "-1.0"),
        "NaN": Bad(put(np.nan), ValueError, "nan"),
        "words": Bad(instead(["a"]), (ValueError, TypeError)),
        "complex": Bad(cast(complex), (ValueError, TypeError)),
        "nothing": Bad(instead(None), (ValueError, TypeError)),
        "ragged": Bad(instead(RAGGED), (ValueError, TypeError)),
        "two axes": Bad(instead([[1.0]]), ValueError, "(1, 1)"),
        "list": Bad(lambda g: g.tolist(), otherwise="same"),
    },
}


BAD["mask, any width"] = {k: b for k, b in BAD["mask"].items() if k != "too narrow"}


def test_every_public_function_is_listed():
    exempt = {f"{module}.{name}" for module, names in INTERNAL.items() for name in names}
    known = set(CALLS) | exempt
    missing = sorted(set(public_names()) - known)
    assert not missing, (
        "every public function of the core must have a call in tests/core/public_functions.py. "
        f"Received none for {', '.join(missing)}. Add it with good arguments, or to INTERNAL there."
    )
    obsolete = sorted(known - set(public_names()) - {"quantize.table.QuantizedTable"} - exempt)
    assert not obsolete, f"CALLS names what is no public function: {', '.join(obsolete)}"


def flat(value: Any) -> list[Any]:
    """Return all arrays and numbers inside a result or an argument, as copies."""
    if is_dataclass(value) and not isinstance(value, type):
        return [x for f in fields(value) for x in flat(getattr(value, f.name))]
    if isinstance(value, (tuple, list)):
        return [x for item in value for x in flat(item)]
    return [np.array(value)] if isinstance(value, (np.ndarray, np.number, int, float)) else []


def equal(one: list[Any], two: list[Any]) -> bool:
    return len(one) == len(two) and all(
        a.shape == b.shape and np.array_equal(a, b, equal_nan=a.dtype.kind in "fc")
        for a, b in zip(one, two, strict=True)
    )


def complaint_about(function: Call, name: str, bad: Bad) -> str:
    """Call a function with one bad argument; return what is wrong with its result, or ""."""
    good = {key: make() for key, (_, make) in function.good.items()}
    expected = flat(function.call(**good))
    arguments = {key: make() for key, (_, make) in function.good.items()}
    arguments[name] = bad.make(arguments[name])
    before = {key: flat(value) for key, value in arguments.items()}
    try:
        result = function.call(**arguments)
    except Exception as error:
        text = str(error)
        if any(not equal(before[key], flat(value)) for key, value in arguments.items()):
            return f"wrote before it raised {text!r}"
        clear = "Received " in text or isinstance(error, MemoryError)
        if not clear or "\n" in text or not 20 <= len(text) <= 400:
            return f"no clear line: {type(error).__name__}: {text[:200]!r}"
        if not isinstance(error, bad.error):
            return f"{type(error).__name__} instead of {bad.error}: {text!r}"
        is_named = any(one in text for one in bad.received.split("|"))
        return "" if is_named else f"{bad.received!r} is not in {text!r}"
    if bad.otherwise == "raise":
        return f"accepted, gave {result!r:.80}"
    if bad.otherwise == "same" and not equal(expected, flat(result)):
        return f"gave {result!r:.80} instead of {expected!r:.80}"
    in_place = [key for key, (kind, _) in function.good.items() if kind == "in place"]
    wrote = [k for k in arguments if k not in in_place and not equal(before[k], flat(arguments[k]))]
    return f"wrote into {wrote}" if wrote else ""


@pytest.mark.parametrize(
    ("where", "name"),
    [
        (where, name)
        for where, d in CALLS.items()
        for name, (kind, _) in d.good.items()
        if BAD[kind]
    ],
)
def test_bad_arguments_are_refused_or_understood(where, name):
    function = CALLS[where]
    complaints = {
        label: complaint_about(function, name, bad)
        for label, bad in BAD[function.good[name][0]].items()
    }
    wrong = [f"{label}: {text}" for label, text in complaints.items() if text]
    assert not wrong, f"{where}({name}=...)\n  " + "\n  ".join(wrong)


FROM_THE_CORE = {("mask.mask.as_mask", "shape"), ("quantize.table.QuantizedTable", "checked")}
"""Arguments that no caller passes, like all but the first of the checks."""


@pytest.mark.parametrize("name", CALLS)
def test_a_value_of_another_kind_gets_one_line_of_ours(name):
    call, good = CALLS[name]
    kinds = {p.name: p.kind for p in inspect.signature(call).parameters.values()}
    options = [o for o, kind in kinds.items() if kind != inspect.Parameter.VAR_KEYWORD]
    if name.startswith("checks."):
        options = options[: name != "checks.check_table_bytes"]
    options = [o for o in options if (name, o) not in FROM_THE_CORE]
    foreign = []
    for option in options:
        for kind, value in STRANGE.items():
            arguments = {key: make() for key, (_, make) in good.items()}
            try:
                result = call(**{**arguments, option: copy.deepcopy(value)})
                if inspect.isgenerator(result):
                    list(result)
            except (TypeError, ValueError, IndexError) as error:
                if "Received" not in str(error) or "\n" in str(error):
                    foreign.append(f"{option}={kind}: {type(error).__name__}: {error}")
    assert not foreign, "\n".join(foreign)
