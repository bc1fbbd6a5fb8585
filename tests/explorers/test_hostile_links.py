"""Links that nobody shared: each is refused in one sentence, or shows what Python makes of it.

A valid state of every view is changed on purpose: values of another kind, numbers that are none,
names of prototypes, deep lists, missing and unknown fields, other versions, text that is
no state. An exported page and `from_link` get the same links. Part of them runs in the gate;
`python tests/explorers/test_hostile_links.py` runs them all, and prints what only a page refuses.
"""

import base64
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from traitlets import TraitError

from embedlab.explorers.explorer import STATIC
from embedlab.explorers.registry import explorer_class

VIEWS = sorted(path.stem for path in (STATIC / "core").glob("*.js"))
TABLE = np.random.default_rng(3).normal(size=(12, 4))
INPUTS = {"geometry": {"table": TABLE, "words": ["list", "tuple", "the", "the", "<b>"]}}
LEADING = {(view, "input_dim") for view in ("gradient", "lookup", "window")}
LEADING |= {("mask", "text"), ("shard", "text")}
"""Alone, they choose another parameter's default in Python; a page changes what is named."""
EACH = 1 if "EMBEDLAB_THOROUGH" in os.environ else 6
"""One value of so many is tried, another one for each parameter."""
SECONDS = 120  # far more than the links take: a page that hangs fails

MARKUP = '"<img src=x onerror=alert(1)></script><b>"'
VALUES = [
    *("null", "true", "false", "0", "-0", "-1", "1.0", "2.5", "7", "1e308", "-1e308", "1e400"),
    *("NaN", "Infinity", "-Infinity", "1e-320", "2147483647", "2147483648", "1e3", "16"),
    *("4294967297", "9007199254740993", "1" * 40, "1" * 400),
    *('""', '"x"', '"1"', '" 7 "', '"\\u0000\\u202e\\n"', '"\\ud800"', '"\\udfff\\ud800 a"'),
    *(MARKUP, '"__proto__"', '"constructor"', '"toString"', '"the cat #3"', '"#999999999"'),
    *('"#-1 #²"', '"#0 #0."', json.dumps("x" * 1200), json.dumps("#0 " * 400)),
    *("[]", "[[]]", "[[[]]]", "[null]", "{}", '{"__proto__":1}', '{"length":1e9}'),
    *(
        '{"0":1,"length":1}',
        "[" * 40 + "]" * 40,
        "[" * 450 + "]" * 450,
        '{"a":' * 200 + "1" + "}" * 200,
    ),
    *(
        "[1,2,3]",
        "[1.0]",
        "[true]",
        "[-0]",
        "[1e308]",
        "[NaN]",
        "[4294967297]",
        "[0,0,0,0,0,0,0,0,0]",
    ),
    *(
        "[[0,0,1]]",
        "[[0,0,1e308]]",
        "[[0,0,-0.0]]",
        "[[0,0,null]]",
        '[[0,0,"1"]]',
        '[[0,0," 1_0"]]',
    ),
    *('[[0,0,"\\u0661"]]', "[[0,0,true]]", "[[1.0,0,1]]", "[[0,0,0.1],[0,0,0.2]]", "[[9,9,1e400]]"),
    *("[[2147483647,0,1]]", "[[4294967296,0,1]]", "[[9007199254740993,0,1]]", "[[0,-1,1]]"),
    *(
        '["__proto__"]',
        '["constructor","adam"]',
        '[["__proto__",1]]',
        '[["adam",null]]',
        '["adam"]',
    ),
    *('[["adam",1e-400]]', '[["adam","0.05"]]', '[["adam",true]]', '[["adam"]]', '"adam"'),
    *('[0,0,"adam",0.05]', '[0,1.0,"adam",0.05]', '[2,200,"sgd",10]', '[0,0,"__proto__",1]'),
    *('[true,1,"adam",0.05]', '[["int4",0,0,7]]', '[["int4",1.0,0,7]]', '[["int4",0,0,8]]'),
    *('[["int4",0,0,7],["int4",0,0,7]]', '[["int8",9007199254740993,0,7]]', '[[["int4"],0,0,7]]'),
    *('["Dense"]', '"Dense"', '["Dense",["Dense"]]', '["GRU(True)","LSTM"]', '["Flatten","GRU"]'),
]  # JSON, some of it more than JavaScript reads


def encoded(text):
    data = text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass")
    return "#embedlab=" + base64.urlsafe_b64encode(data).decode().rstrip("=")


def state_text(state, **changed):
    """Return a state as JSON, with some of its fields as JSON of their own, or without (None)."""
    fields = {name: json.dumps(value) for name, value in state.items()} | changed
    items = (f'"{name}":{value}' for name, value in fields.items() if value is not None)
    return f"{{{','.join(items)}}}"


def broken_links(state):
    """Return links in which the state itself, or its envelope, is another."""
    whole, params = state_text(state), json.dumps(state["params"])
    link = encoded(whole)
    another = json.dumps({**state["params"], "seed": 8})
    texts = [
        *(state_text(state, view=value) for value in ('"lora2"', "null", "[]", MARKUP, None)),
        *(state_text(state, version=v) for v in ("0", "99", '"1"', "true", "1.0", "null", None)),
        *(state_text(state, version=v) for v in ("[1]", "NaN", "1e400", "[" * 700 + "]" * 700)),
        *(
            state_text(state, needs=v)
            for v in ("null", "[]", '["table"]', '["x"]', "{}", '"table"')
        ),
        *(state_text(state, needs=v) for v in ("[1]", '["__proto__"]', "[[]]", None)),
        *(state_text(state, params=v) for v in ("null", "[]", "{}", "7", '"x"', MARKUP, None)),
        state_text(state, params='{"__proto__":{"seed":8}}'),
        state_text(state, params='{"constructor":1,"toString":2}'),
        state_text(state, params='{"<b>":1}'),
        state_text(state, extra="1"),
        state_text(state, __proto__='{"version":1}'),
        state_text(state, changes=another),
        state_text(state, changes="null"),
        state_text({**state, "version": 0}, version="1"),
        whole[:-1],
        f"{whole} {whole}",
        "\ufeff" + whole,
        f" {whole}\n",
        f"[{whole}]",
        *("", "null", "7", '"x"', "[]", "[" * 900, "{" * 900, "\\", "NaN"),
        whole.encode() + b"\xff",
        state_text(state, params=params[:-1] + ',"text":"' + "x" * 1600 + '"}'),
        state_text(state, extra=json.dumps("x" * 1900)),
    ]
    return [
        *map(encoded, texts),
        *("#", "#embedlab=", "#embedlab=%%%", "#embedlab=a", "#top", "#<img src=x>", "#hide=<b>"),
        *(link + tail for tail in ("=", "==", "*", "%20", "!", "\n", "&", "&&x", "&embedlab=")),
        *(link + tail for tail in ("&hide=seed", "&hide=__proto__", "&hide=", "&<b>", "#top")),
        f"{link}&{encoded(state_text(state, params=another))[1:]}",
        f"#hide=seed&{link[1:]}",
        link[:-3],
        link[:10] + "+/" + link[10:],
        link[:20] + " " + link[20:],
        "#embedlab=" + "A" * 2668,
        "#embedlab=" + "A" * 20_000,
        "##" + link,
    ]


def links(view, state, each):
    """Return links to changed states of a view."""
    result = broken_links(state)
    for at, name in enumerate(state["params"]):
        for n, value in enumerate(VALUES):
            if (n + at) % each == 0:
                fields = {k: json.dumps(v) for k, v in state["params"].items()} | {name: value}
                whole = ",".join(f'"{key}":{item}' for key, item in fields.items())
                result.append(encoded(state_text(state, params=f"{{{whole}}}")))
                if n % 4 == 0 and (view, name) not in LEADING:
                    result.append(encoded(state_text(state, params=f'{{"{name}":{value}}}')))
    return result


def page_of(view, each):
    """Return an exported page, and links that are followed there."""
    explorer = explorer_class(view)(**INPUTS.get(view, {}))
    message = explorer.message
    return {
        "bundle": str(STATIC / "core" / f"{view}.js"),
        "data": {"initial": explorer.initial, "inputs": explorer.page_inputs()},
        "message": {**message, "buffer": base64.b64encode(message["buffer"]).decode()},
        "names": [*explorer.PARAMS, *explorer.OTHER_CONTROLS],
        "inMessage": list(explorer.OFFLINE_PARAMS),
        "links": links(view, explorer.state, each),
    }


def in_python(view, link):
    cls, inputs = explorer_class(view), INPUTS.get(view, {})
    try:
        explorer = cls.from_link(f"https://example.org/page.html{link}", **inputs)
    except (TraitError, ValueError, TypeError, IndexError) as error:
        return {"error": str(error)}
    header = explorer.message["header"]
    return {name: header[name] for name in ("params", "summary", "alt")}


def replay(pages, folder):
    node = shutil.which("node")
    if not node:
        reason = "no Node: install it to test js/core"
        pytest.fail(reason) if os.environ.get("CI") else pytest.skip(reason)
    requests, answers = folder / "pages.json", folder / "answers.json"
    requests.write_text(json.dumps(pages), encoding="utf-8")
    script = Path(__file__).with_name("replay_links.mjs")
    subprocess.run([node, str(script), str(requests), str(answers)], check=True, timeout=SECONDS)
    return json.loads(answers.read_text(encoding="utf-8"))


SENTENCE = re.compile(r"[^\n]+ (?:must|needs) [^\n]*Received [^\n]+\. [^\n]+[.)]")


def failures(view, link, python, page):
    """Yield what is wrong with the answers to a link."""
    for where, answer in {"Python": python, **page}.items():
        error = answer.get("error")
        if "failed" in answer:
            yield f"a page, {where}, fails: {answer['failed']}"
        elif error is not None and (not SENTENCE.fullmatch(error) or "embedlab failed" in error):
            yield f"{where} does not answer with a sentence: {error!r}"
        elif error is not None and len(error) > 700:
            yield f"{where} answers with {len(error)} characters"
    if "embedlab=" in link and "params" in page["computed"] and python != page["computed"]:
        yield f"Python: {python}\na page: {page['computed']}"


def compare(view, each, folder):
    """Return what is wrong, and links that only a page refuses."""
    page = page_of(view, each)
    wrong, only = [], []
    for link, answers in zip(page["links"], replay([page], folder)[0], strict=True):
        python = in_python(view, link)
        wrong += [
            f"{readable(link)}\n{failure}" for failure in failures(view, link, python, answers)
        ]
        if "error" in answers["computed"] and "error" not in python:
            only.append(f"{readable(link)}\n{answers['computed']['error']}")
    return len(page["links"]), wrong, only


def readable(link):
    """Return a link with its state as text."""
    text = link.partition("#embedlab=")[2].rstrip("=")
    try:
        state = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode()
    except ValueError:
        return link[:200]
    return state[:600]


@pytest.mark.one_in(2, 1)
@pytest.mark.parametrize("view", VIEWS)
def test_a_hostile_link_is_refused_or_shown_as_python_shows_it(view, tmp_path):
    _, wrong, _ = compare(view, EACH, tmp_path)
    assert not wrong, "\n\n".join(wrong[:5])


if __name__ == "__main__":
    import tempfile

    for view in sys.argv[1:] or VIEWS:
        with tempfile.TemporaryDirectory() as folder:
            count, wrong, only = compare(view, 1, Path(folder))
        print(f"{view}: {count} links, {len(wrong)} wrong, {len(only)} refused by a page alone")
        print("\n\n".join([*wrong[:12], *(f"page alone: {text}" for text in only)]))
