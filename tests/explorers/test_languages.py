"""Texts and labels of many languages in every view: words stay whole, nothing is refused."""

import json
import unicodedata

import numpy as np
import pytest

from embedlab.explorers.geometry import GeometryExplorer
from embedlab.explorers.gradient import GradientExplorer
from embedlab.explorers.lookup import LookupExplorer
from embedlab.explorers.lora import LoRAExplorer
from embedlab.explorers.mask import MaskExplorer
from embedlab.explorers.quantize import QuantizationExplorer
from embedlab.explorers.training import TrainingExplorer
from embedlab.explorers.window import WindowExplorer
from embedlab.explorers.wire import MAX_BYTES

TEXTS = {
    "German": "Die Straße führt übers Grundstücksverkehrsgenehmigungszuständigkeitsgesetz hinaus.",
    "Chinese": "小猫坐在红色的垫子上。小狗跑进花园。",
    "Arabic": "القطة تجلس على البساط الأحمر، والكلب يجري إلى البيت.",
    "Hindi": "बिल्ली लाल चटाई पर बैठी है। कुत्ता घर की ओर दौड़ता है।",
    "emoji": "🏳️‍🌈 👩🏽‍🚀 👨‍👩‍👧‍👦 🇩🇪 🇫🇷 👍🏿 ❤️ e\u0301 ",
    "3000 words": " ".join(f"word{n} the" for n in range(1500)),
    "one word": "cat",
    "no word": "",
    "spaces": " \n\t ",
}
ROWS = np.random.default_rng(2).normal(size=(40, 5)).astype(np.float32)
WITH_TEXT = {
    "lookup": LookupExplorer,
    "gradient": GradientExplorer,
    "mask": MaskExplorer,
    "training": lambda text: TrainingExplorer(text, steps=10),
    "window": WindowExplorer,
}


def words_of(text):
    return [*text.split(), "cat"][:40]


WITH_LABELS = {
    "lora": lambda text: LoRAExplorer(ROWS, words=words_of(text)),
    "quantize": lambda text: QuantizationExplorer(ROWS, words=words_of(text)),
    "geometry": lambda text: GeometryExplorer(table=ROWS, words=words_of(text)),
}


def strings(value):
    if isinstance(value, str):
        yield value
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from strings(item)


@pytest.mark.one_in(5)
@pytest.mark.parametrize("view", [*WITH_TEXT, *WITH_LABELS])
@pytest.mark.parametrize("language", TEXTS)
def test_text_of_a_language_is_shown(language, view):
    text = TEXTS[language]
    explorer = {**WITH_TEXT, **WITH_LABELS}[view](text)
    assert explorer.error is None and getattr(explorer.trace, "error", None) is None
    header = explorer.message["header"]
    size = len(json.dumps(header, ensure_ascii=False).encode()) + len(explorer.message["buffer"])
    assert size <= MAX_BYTES and explorer.figure()
    labels = [*strings(header.get("tokens", [])), *strings(header.get("words", []))]
    for label in labels:  # no label begins within a character
        assert not label or unicodedata.category(label[0])[0] != "M", label
        assert label[:1] not in ("\u200d", "\ufe0f") and not _is_skin_tone(label[:1]), label
        assert not label.endswith("\u200d…"), label
    if view in WITH_TEXT and language == "3000 words" and view != "training":
        assert "The first " in header["note"]


def _is_skin_tone(sign):
    return "\U0001f3fb" <= sign <= "\U0001f3ff"


def test_flags_families_and_accents_are_one_token_each():
    explorer = LookupExplorer("👩🏽‍🚀 🇩🇪🇫🇷 👨‍👩‍👧‍👦 👍🏿 é")
    tokens = ["👩🏽‍🚀", "🇩🇪", "🇫🇷", "👨‍👩‍👧‍👦", "👍🏿", "é"]
    assert list(explorer.trace.tokens) == tokens


@pytest.mark.parametrize("view", ["training", "window"])
def test_an_emoji_is_a_word_that_is_trained(view):
    explorer = WITH_TEXT[view]("I ❤️ 🇩🇪, you ❤️ 👍🏿! 1 + 1 = 2")
    assert {"i", "❤️", "🇩🇪", "you", "👍🏿", "1", "2"} == set(explorer.trace.words)


def test_the_vocabulary_grows_until_v_is_set():
    explorer = LookupExplorer("the cat")
    assert (explorer.input_dim, explorer.grow) == (16, True)
    explorer.text = "one two three four five six seven eight nine ten eleven twelve"
    assert explorer.input_dim == int(explorer.trace.ids.max()) + 1 > 16
    assert explorer.trace.error is None
    explorer.text = "the #900"  # a number is meant as it is
    assert explorer.trace.error.endswith("or map unknown words to one id.")
    explorer.input_dim = 8
    assert explorer.grow is False
    explorer.text = "a zebra"
    assert explorer.trace.error.startswith("ids must lie in 0..7")
    needed = explorer.message["header"]["rows_needed"]
    explorer.grow = True  # the button "Grow V to fit"
    assert explorer.input_dim == needed and explorer.trace.error is None
    explorer.reset()
    assert (explorer.input_dim, explorer.grow, explorer.text) == (16, True, "the cat")


def test_v_that_is_given_stays():
    explorer = GradientExplorer("the cat", input_dim=9)
    assert explorer.grow is False
    explorer.text = "zebra quagga"
    assert explorer.error.startswith("ids must lie in 0..8") and explorer.text == "the cat"
    explorer.grow = True
    explorer.text = "zebra quagga"
    assert explorer.error is None and explorer.input_dim > 9


def test_a_long_line_of_a_batch_shows_its_first_words():
    line = " ".join(f"word{n}" for n in range(2000))
    explorer = MaskExplorer(f"{line}\nthe cat", steps=4)
    assert explorer.error is None and explorer.trace.ids.shape == (2, 4)
    assert explorer.message["header"]["note"].startswith("The first 4 words")
