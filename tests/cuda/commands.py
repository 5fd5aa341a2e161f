"""The commands for a machine with a GPU, called as their users do."""

import os
import re
import subprocess
import sys

from builds import SOURCE

ON_GPU = SOURCE / "tests/cuda/on_gpu"


def command(*words, **variables):
    return subprocess.run(
        [sys.executable, str(ON_GPU), *map(str, words)],
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
    )


def every_kernel():
    """The names in the sources, but of those for clusters, which the emulated device has not."""
    text = "".join(path.read_text() for path in (SOURCE / "cuda").glob("*.cuh"))
    names = set(re.findall(r'"([a-z ]+, in [a-z ]+)"', text))
    return {name for name in names if "cluster" not in name}
