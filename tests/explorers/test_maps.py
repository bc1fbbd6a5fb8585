"""`compute_maps` takes what people have, shows a picture, and hands its maps to the explorer."""

import base64

import numpy as np
import pytest

from embedlab import Embedding, GeometryExplorer, compute_maps
from embedlab.data.vectors import Vectors
from embedlab.figures.png import png

TABLE = np.random.default_rng(2).normal(size=(30, 8)).astype(np.float32)
WORDS = tuple(f"w{n}" for n in range(30))


@pytest.fixture(scope="module")
def maps():
    return compute_maps(Vectors(WORDS, TABLE, "by hand"), "t-SNE 5", pick="w5", progress=False)


def test_maps_go_into_the_explorer_as_they_are(maps):
    explorer = GeometryExplorer("w5", table=TABLE, words=WORDS, maps=maps, plane="t-SNE 5")
    assert list(maps) == ["t-SNE 5"] and explorer.error is None
    assert np.allclose(explorer.trace.plane.points, maps.trace.planes[1].points, atol=1e-6)
    assert explorer.trace.quality == maps.trace.quality[1]
    with pytest.raises(KeyError):
        maps["pca 1+2"]


def test_a_notebook_shows_the_picture_and_its_words(maps):
    data, metadata = maps._repr_mimebundle_()
    assert data["text/plain"] == maps.summary and "keeps" in maps.summary
    assert base64.b64decode(data["image/png"]) == png(maps.figure())
    assert metadata["image/png"]["alt"] == maps.alt and maps.alt.startswith("2 maps of the same")
    assert repr(maps) == "Maps(pca 1+2, t-SNE 5; 30 rows)"


def test_a_layer_is_taken_and_a_bar_shows_progress(capsys):
    maps = compute_maps(Embedding(30, 8, weights=TABLE), [])
    assert len(maps) == 0 and maps.trace.words[0] == ""
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        ({"table": {"w0": 1}}, r"table must be an array .* Received builtins\.dict"),
        ({"progress": 1}, r"progress must be True or False. Received 1"),
    ],
)
def test_what_is_no_table_is_refused_in_one_line(arguments, line):
    with pytest.raises((ValueError, TypeError), match=line):
        compute_maps(**{"table": TABLE, "maps": [], **arguments})
