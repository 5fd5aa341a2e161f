"""Hypothesis draws the same examples in every run; published arrays come from TBRNN_GOLDEN."""

import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import settings

settings.register_profile("fixed", derandomize=True, deadline=None, database=None, max_examples=30)
settings.load_profile("fixed")


@pytest.fixture(scope="session")
def published():
    """Load one npz of the published arrays, which are not ours to ship."""

    def load(name):
        folder = os.environ.get("TBRNN_GOLDEN")
        if not folder:
            pytest.skip("set TBRNN_GOLDEN to the folder of published arrays")
        with np.load(Path(folder) / f"{name}.npz") as arrays:
            return dict(arrays)

    return load
