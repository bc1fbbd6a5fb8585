"""The dependencies of embedlab: NumPy and Numba alone, loaded by a new interpreter."""

import subprocess
import sys


def importing(i):
    def call():
        subprocess.run([sys.executable, "-c", "import numpy, numba"], check=True)

    return call, lambda r: None


CALLS = {"import": importing}
