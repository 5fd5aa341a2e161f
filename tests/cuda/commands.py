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


def path_without(folder, *names):
    """A PYTHONPATH by which these cannot be imported."""
    for name in names:
        (folder / name).mkdir(parents=True)
        (folder / name / "__init__.py").write_text("raise ImportError('not on that machine')")
    return os.pathsep.join([str(folder), *sys.path])


def every_kernel():
    """The names in the sources, but of those for clusters, which the emulated device has not."""
    text = "".join(path.read_text() for path in (SOURCE / "cuda").glob("*.cuh"))
    names = set(re.findall(r'"([a-z ]+, in [a-z ]+)"', text))
    return {name for name in names if "cluster" not in name}
