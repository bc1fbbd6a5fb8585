"""What no test run may import by itself."""

# Keras reads its backend once for each process, and asks for TensorFlow when nobody chose: the
# doctests of the adapter run in tests/peers/adapter.py, in a process for each backend.
collect_ignore = ["embedlab/keras"]
