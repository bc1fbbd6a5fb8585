"""A copy of the tracked files with an environment of its own, as in Binder's image.

`python tests/binder/binder_image.py FOLDER` builds one. It needs nothing that has to be installed,
so `make test` runs it while pip installs the package: each of them keeps one core busy.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


class Image:
    """The repository, the environment and the home of Binder's image, in a folder."""

    def __init__(self, folder: Path):
        self.repository = folder / "repository"
        self.environment = folder / "environment"
        self.home = folder / "home"
        self.build_log = folder / "build.log"
        """What postBuild printed; it is there once the image is whole."""
        # nothing of the surrounding environment may leak in
        self.env = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("NUMBA_", "PYTHON", "VIRTUAL_ENV", "JUPYTER_"))
        }
        self.env["PATH"] = f"{self.environment / 'bin'}{os.pathsep}{os.environ['PATH']}"
        self.env["HOME"] = str(self.home)
        self.env["PIP_NO_COMPILE"] = "1"  # a lesson imports a part of what is installed

    def run(self, *command, cwd=None):
        """Run a command in the image and return what it printed."""
        process = subprocess.run(
            command, cwd=cwd or self.repository, env=self.env, capture_output=True, text=True
        )
        assert process.returncode == 0, (
            f"{command}\n{process.stdout[-3000:]}\n{process.stderr[-3000:]}"
        )
        return process.stdout

    def build(self):
        """Take Binder's steps: the files, an environment, the requirements, postBuild."""
        named = subprocess.run(
            ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True
        )
        for name in filter(None, named.stdout.split("\0")):
            if (ROOT / name).is_file():
                (self.repository / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(ROOT / name, self.repository / name)
        self.home.mkdir()
        self.run(sys.executable, "-m", "venv", str(self.environment))
        self.run("pip", "install", "--quiet", "--no-cache-dir", "-r", "binder/requirements.txt")
        self.build_log.write_text(self.run("bash", "binder/postBuild"), "utf-8")


if __name__ == "__main__":
    Image(Path(sys.argv[1])).build()
