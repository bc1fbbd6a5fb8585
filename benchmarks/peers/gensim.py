"""gensim's Word2Vec: skip-gram, negative sampling, one worker."""

from gensim.models import Word2Vec


def skipgram(i):
    names = [str(n) for n in range(i["rows"])]
    words = [names[n] for n in i["ids"]]
    sentences = [words[n : n + 1000] for n in range(0, len(words), 1000)]
    model = Word2Vec(
        vector_size=i["dim"], window=5, negative=5, sg=1, sample=1e-3, min_count=1, workers=1
    )
    model.build_vocab(sentences)

    def call():
        model.train(sentences, total_examples=len(sentences), epochs=1)

    return call, lambda r: None


CALLS = {"skip-gram": skipgram}
