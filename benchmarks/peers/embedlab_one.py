"""embedlab with one thread, against its own two."""

from benchmarks.peers.embedlab import skipgram

CALLS = {"skip-gram two threads": skipgram(1)}
