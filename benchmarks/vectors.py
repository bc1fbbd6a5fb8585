"""Train word vectors once, in a process of its own: python -m benchmarks.vectors SIDE IN OUT.

IN is an .npz with ids, starts, rows and the settings; OUT an .npz with the vectors and the seconds.
"""

import sys
import time
from itertools import pairwise

import numpy as np

SETTINGS = {"window": 5, "negative": 5, "subsample": 1e-3, "epochs": 5}


def embedlab(i):
    from embedlab.core.skipgram import train_skipgram

    train_skipgram(i["ids"][:2000], i["rows"], i["dim"], epochs=1)  # compile first
    start = time.perf_counter()
    step = train_skipgram(
        i["ids"],
        i["rows"],
        i["dim"],
        starts=i["starts"],
        seed=i["seed"],
        rate=i["rate"],
        epochs=i["epochs"],
        window=i["window"],
        negative=i["negative"],
        subsample=i["subsample"],
    )
    return step.table, time.perf_counter() - start


def gensim(i):
    from gensim.models import Word2Vec

    words = [str(n) for n in i["ids"]]
    sentences = [words[a:b] for a, b in pairwise([*i["starts"], len(words)])]
    model = Word2Vec(
        vector_size=i["dim"],
        window=i["window"],
        negative=i["negative"],
        sg=1,
        workers=1,
        sample=i["subsample"],
        min_count=1,
        seed=i["seed"],
        alpha=i["rate"],
        min_alpha=1e-4,
    )
    model.build_vocab(sentences)
    start = time.perf_counter()
    model.train(sentences, total_examples=len(sentences), epochs=i["epochs"])
    seconds = time.perf_counter() - start
    table = np.zeros((i["rows"], i["dim"]), np.float32)
    for place, word in enumerate(model.wv.index_to_key):
        table[int(word)] = model.wv.vectors[place]
    return table, seconds


if __name__ == "__main__":
    side, source, target = sys.argv[1:]
    with np.load(source) as file:
        inputs = {k: (v if v.ndim else v.item()) for k, v in file.items()}
    table, seconds = {"embedlab": embedlab, "gensim": gensim}[side](inputs)
    np.savez(target, table=table, seconds=seconds)
