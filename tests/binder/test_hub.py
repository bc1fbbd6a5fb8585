"""The configuration of a room: JupyterHub's, that of its chart, and that of a learner's server.

`python -m benchmarks.room hub` starts a real JupyterHub with it.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from traitlets.config import Config
from traitlets.config.loader import PyFileConfigLoader

from embedlab.cli.lab import SETTINGS
from embedlab.lessons.notebook_files import notebooks

HUB = Path(__file__).resolve().parents[2] / "binder" / "hub"


@pytest.fixture
def hub() -> Config:
    return PyFileConfigLoader(str(HUB / "jupyterhub_config.py")).load_config()


def environment(config):
    values = {}
    values.update(config.Spawner.environment.get_value({}))
    return values


def test_learners_read_the_settings_of_embedlab_lab(hub):
    folders = environment(hub)["JUPYTER_CONFIG_PATH"].split(os.pathsep)
    assert [Path(folder) for folder in folders] == [HUB / "server", SETTINGS]


def test_the_values_for_kubernetes_say_the_same(hub):
    values = yaml.safe_load((HUB / "values.yaml").read_text("utf-8"))
    user, here = values["singleuser"], str(HUB.parents[1])
    variables = {
        name: text.replace(here, "/srv/embedlab") for name, text in environment(hub).items()
    }
    cpu = {"NUMBA_CPU_NAME": "generic", "NUMBA_CPU_FEATURES": ""}
    assert user["extraEnv"] == {**variables, **cpu}
    assert user["defaultUrl"] == hub.Spawner.default_url
    assert user["memory"] == {
        "guarantee": hub.Spawner.mem_guarantee,
        "limit": hub.Spawner.mem_limit,
    }


def start_server(home, *options):
    """Return the settings of a learner's server, which reads its configuration and says them."""
    path = os.pathsep.join(map(str, [HUB / "server", SETTINGS]))
    script = (
        "from jupyter_server.serverapp import ServerApp\n"
        "app = ServerApp(); app.load_config_file()\n"
        "print(dict(app.config.MappingKernelManager))"
    )
    env = {**os.environ, "HOME": str(home), "JUPYTER_CONFIG_PATH": path}
    process = subprocess.run(
        [sys.executable, "-c", script], env=env, capture_output=True, text=True, check=True
    )
    return process.stdout


def test_a_server_brings_the_lessons_and_stops_idle_kernels(tmp_path):
    output = start_server(tmp_path)
    for setting in ("'cull_idle_timeout': 2700", "'cull_connected': True"):
        assert setting in output
    assert "'kernel_info_timeout': 300" in output  # forty at once
    folder = tmp_path / "embedlab-lessons"
    assert {path.name for path in folder.glob("*.ipynb")} == {p.name for p in notebooks().values()}
    lesson = next(folder.glob("01_*.ipynb"))
    lesson.write_text("changed by the learner", "utf-8")
    start_server(tmp_path)
    assert lesson.read_text("utf-8") == "changed by the learner"
