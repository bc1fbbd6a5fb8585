"""What no test run may import by itself, and what a run of notebooks by nbval compares besides."""

# Keras reads its backend once for each process, and asks for TensorFlow when nobody chose: the
# doctests of the adapter run in tests/peers/adapter.py, in a process for each backend. The second
# is for a type checker alone.
collect_ignore = ["embedlab/keras", "tests/explorers/user_types.py"]


def pytest_configure(config):
    """Compare what nbval runs with what the builder writes, too."""
    if config.getoption("nbval", False):
        from published import Published

        config.pluginmanager.register(Published())
