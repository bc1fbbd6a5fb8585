"""Read by the server of each learner, as this learner: her lessons, and when her kernels stop."""

from pathlib import Path

from embedlab.cli.lab import copy_lessons
from embedlab.lessons.notebook_files import notebook_dir, notebooks

c = get_config()  # noqa: F821  (Jupyter runs this file, and defines it)

# Half a day opens six lessons, each with a kernel. One that nobody has used for longer than a
# lesson takes is stopped, also while its page is open: what was written and answered is on disk.
c.MappingKernelManager.cull_idle_timeout = 45 * 60
c.MappingKernelManager.cull_interval = 120
c.MappingKernelManager.cull_connected = True
# Forty kernels that start at once share the cores. A page whose kernel has not answered after twice
# this time, 60 seconds by default, is cut off from it, and gives up when it has tried seven times.
c.MappingKernelManager.kernel_info_timeout = 300

# A lesson that the learner has changed is never touched.
for _ in copy_lessons(
    [*notebooks().values(), notebook_dir() / "glossary.md"], Path.home() / "embedlab-lessons"
):
    pass
