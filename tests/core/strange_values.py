"""Values of a kind that an argument does not expect."""

import numpy as np


class Nothing:
    """A value with a text of several lines."""

    def __repr__(self) -> str:
        return "nothing\nat all"


STRANGE = {
    "a word": "x",
    "a list of words": ["zero"],
    "a dict": {},
    "an object": Nothing(),
    "a fraction": 0.5,
    "a number": 3,
    "a 0-d array": np.array(0),
    "a matrix": np.arange(100).reshape(10, 10),
    "a pair": (1, 2),
}
