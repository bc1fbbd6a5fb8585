"""Settings of JupyterHub for a room of learners, on The Littlest JupyterHub and on any other.

Load it from the hub's own configuration, by its path in a clone that learners can read:

    load_subconfig("/srv/embedlab/binder/hub/jupyterhub_config.py")
"""

import os
from pathlib import Path

HUB = Path(__file__).resolve().parent
SETTINGS = HUB.parents[1] / "embedlab" / "cli" / "jupyter"

c = get_config()  # noqa: F821  (JupyterHub runs this file, and defines it)

c.Spawner.default_url = "/lab/tree/embedlab-lessons/00_start_here.ipynb"
c.Spawner.environment.update(
    {
        # The settings of `embedlab lab`, and what a room adds.
        "JUPYTER_CONFIG_PATH": os.pathsep.join([str(HUB / "server"), str(SETTINGS)]),
        # Forty learners share the cores: a lesson is as fast on one thread, and costs less memory.
        "NUMBA_NUM_THREADS": "1",
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
    }
)
# A spawner that can limit memory (The Littlest JupyterHub's, Kubernetes') ends one learner's kernel
# where another would end the room. binder/hub/README.md says what a learner needs.
c.Spawner.mem_guarantee = "384M"
c.Spawner.mem_limit = "1536M"
c.Spawner.start_timeout = 120  # forty at once
c.Spawner.http_timeout = 120
