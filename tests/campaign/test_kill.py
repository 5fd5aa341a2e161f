"""A process killed at any instant and started again: the same bits as without the kill."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import tbrnn

KILLS = 3

FIT = """
import sys, numpy as np, tbrnn, tbrnn._checkpoint
tbrnn._checkpoint.EVERY = 0.05
out = sys.argv[1]
trials = tbrnn.tasks.FlipFlop(bits=1).sample(40, seed=0)
models = [tbrnn.LowRankTBRNN(units=20, rank=rank, inputs=1, outputs=1) for rank in (1, 2, 2, 3)]
runs = tbrnn.fit(
    models, trials, seed=3, sigma=[0.0, 0.1, 0.0, 0.0], epochs=[300, 4000, 5000, 4500],
    lr=[1e-2, 1e-3, tbrnn.linear(1e-2, 1e-3, 3000), 1e3], stall=None, clip=1.0, threads=2,
    record_every=50, checkpoint=f"{out}/checkpoint",
)
runs.best.save(f"{out}/best.safetensors")
runs.last.save(f"{out}/last.safetensors")
np.savez(f"{out}/runs.npz", status=runs.status, epochs=runs.epochs, best_loss=runs.best_loss,
         last_loss=runs.last_loss, best_epoch=runs.best_epoch, history=np.concatenate(runs.history))
"""

TABLE = """
import sys, tbrnn._checkpoint
tbrnn._checkpoint.EVERY = 0.05
from pathlib import Path
from reproduce.test_table1_campaign import small
from tbrnn.reproduce.campaign import reproduce
from tbrnn.reproduce.table1 import EXPERIMENT
protocol = small(tasks=["flipflop-1"], runs=3, ranks=[1, 2], epochs=500, acceptance_loss=0.4)
reproduce(EXPERIMENT, protocol, out=Path(sys.argv[1]), threads=2)
"""

EXPERIMENT = """
import sys, tbrnn._checkpoint
tbrnn._checkpoint.EVERY = 0.05
from pathlib import Path
from reproduce.small import EXPERIMENTS, small
from tbrnn.reproduce.campaign import reproduce
name, options = NAME, OPTIONS
reproduce(EXPERIMENTS[name].EXPERIMENT, small(name, **options), out=Path(sys.argv[1]), threads=2)
"""


def experiment(name, **options):
    return EXPERIMENT.replace("NAME", repr(name)).replace("OPTIONS", repr(options))


FIG3 = experiment("fig3", runs=2, epochs=400, acceptance_accuracy=0.84, attempts=2)
FIG4 = experiment("fig4", runs=3, epochs=2000)


def run(code, folder, seconds=None):
    """Whether it came to its end before it was killed."""
    folder.mkdir(exist_ok=True)
    tests = str(Path(__file__).parents[1])
    start = f"import sys; sys.path.insert(0, {tests!r})\n{code}"
    process = subprocess.Popen([sys.executable, "-c", start, str(folder)])
    try:
        assert process.wait(seconds) == 0
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        return False
    return True


@pytest.mark.parametrize(
    ("code", "names"),
    [
        (FIT, ("best.safetensors", "last.safetensors", "runs.npz")),
        (TABLE, ("networks.jsonl", "attempts.jsonl", "table1.txt", "table1.png")),
        (FIG3, ("networks.jsonl", "attempts.jsonl", "truncations.jsonl", "fig3.txt", "fig3.png")),
        (FIG4, ("networks.jsonl", "fig4.txt", "fig4.npz", "fig4.png")),
    ],
    ids=["fit", "table1", "fig3", "fig4"],
)
def test_a_killed_process_goes_on_to_the_same_bits(code, names, tmp_path):
    assert run(code, tmp_path / "whole")
    instants = np.random.default_rng(0).uniform(0.5, 2.5, KILLS)
    for seconds in instants:
        run(code, tmp_path / "killed", seconds)
    assert run(code, tmp_path / "killed")
    for name in names:
        killed, whole = ((tmp_path / way / name).read_bytes() for way in ("killed", "whole"))
        assert killed == whole, name


def test_a_finished_training_is_not_repeated(tmp_path):
    trials = tbrnn.tasks.FlipFlop(bits=1).sample(10, seed=0)
    model = tbrnn.LowRankRNN(units=10, rank=1, inputs=1, outputs=1)
    options = {"members": 3, "epochs": 20, "checkpoint": tmp_path}
    first = tbrnn.fit(model, trials, **options)
    before = {path.name: path.stat().st_mtime_ns for path in tmp_path.glob("finished-*")}
    again = tbrnn.fit(model, trials, **options)
    assert (again.last.m == first.last.m).all()
    assert again.status.tolist() == first.status.tolist()
    assert before == {path.name: path.stat().st_mtime_ns for path in tmp_path.glob("finished-*")}
