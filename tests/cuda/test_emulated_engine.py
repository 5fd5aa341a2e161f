"""device="cuda" against device="cpu", from `tbrnn.fit` to the kernels, on an emulated device."""

import numpy as np
import pytest

import tbrnn
from tolerances import assert_close
from trainings import FREE, LARGE, SIZES, identical, same_training, trials_of

pytestmark = pytest.mark.usefixtures("emulated")

RNG = np.random.default_rng(5)
TRIALS, OTHERS, HELD = (trials_of(RNG, trials) for trials in (5, 5, 3))
MODELS = [
    tbrnn.LowRankRNN(rank=2, **SIZES),
    tbrnn.LowRankTBRNN(rank=1, **SIZES),
    tbrnn.LowRankHORNN(rank=(1, 2), **SIZES),
    tbrnn.LowRankGRU(rank=1, **SIZES),
    tbrnn.LeakyGRU(**SIZES),
]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("model", MODELS, ids=lambda model: type(model).__name__)
def test_gradients_are_those_of_the_processor(model, dtype):
    nets = model.initial(range(3), dtype=dtype)
    ours, a = tbrnn.gradient(nets, TRIALS, noise=0.1, device="cuda")
    theirs, b = tbrnn.gradient(nets, TRIALS, noise=0.1, device="cpu")
    kind = f"{dtype} gradients" if dtype == "float32" else "normals float64"
    assert_close(ours, theirs, kind)
    flat = [np.concatenate([one[name].ravel() for name in one]) for one in (a, b)]
    assert_close(*flat, kind)


def test_fit_is_that_of_the_processor():
    options = {"members": range(2 * len(MODELS)), "epochs": 8, "lr": tbrnn.linear(1e-2, 1e-3, 8)}
    options |= {"sigma": 0.05, "clip": 0.5, "record_every": 2, **FREE}
    models = [model for model in MODELS for _ in range(2)]
    ours, theirs = (tbrnn.fit(models, TRIALS, device=d, **options) for d in ("cuda", "cpu"))
    same_training(ours, theirs)


@pytest.mark.parametrize(
    "model",
    [
        tbrnn.LowRankRNN(rank=1, bulk=(0.8, 0), **SIZES),
        tbrnn.LowRankTBRNN(rank=2, units=130, **LARGE),
        tbrnn.RNN(units=130, **LARGE),
        tbrnn.LeakyGRU(units=130, **LARGE),
        tbrnn.HORNN(units=66, gated=True, **LARGE),
    ],
    ids=["bulk", "channel", "dense", "gated", "polynomial"],
)
def test_teams_of_blocks_train_as_the_processor_does(model):
    options = {"members": 3, "epochs": 4, "lr": 1e-3, "sigma": 0.05, "clip": 0.5, **FREE}
    options |= {"validation": HELD, "record_every": 2}
    ours, theirs = (tbrnn.fit(model, TRIALS, device=d, **options) for d in ("cuda", "cpu"))
    same_training(ours, theirs)


MASK = RNG.random((6, 6)) < 0.7
OWN_LEAK = {**SIZES, "alpha": np.linspace(0.1, 0.6, 6), "cubic": 0.1}


@pytest.mark.parametrize(
    ("model", "loss"),
    [
        (tbrnn.RNN(mask=MASK, bounds={"w_in": (0, 0.5)}, **SIZES), "mse"),
        (tbrnn.LowRankRNN(rank=1, **OWN_LEAK), "mse"),
        (tbrnn.LowRankRNN(rank=1, input_sigma=0.3, rectified_inputs=True, **SIZES), "mse"),
        (tbrnn.LowRankRNN(rank=1, **SIZES), "cross_entropy"),
        (tbrnn.LowRankGRU(rank=1, **SIZES), "logistic"),
    ],
    ids=["mask and bounds", "own leak", "noisy inputs", "cross-entropy", "logistic"],
)
def test_options_are_those_of_the_processor(model, loss):
    classes = np.eye(3)[RNG.integers(3, size=(5, 4))]
    trials = tbrnn.Trials(TRIALS.inputs, classes)
    options = {"members": 2, "epochs": 8, "lr": 1e-2, "loss": loss, **FREE}
    ours, theirs = (tbrnn.fit(model, trials, device=d, **options) for d in ("cuda", "cpu"))
    same_training(ours, theirs)


def test_mini_batches_are_those_of_the_processor():
    mask = RNG.random((5, 4, 3)) < 0.6
    mask[[1, 4]] = False  # a batch with nothing to compare makes no step
    trials = tbrnn.Trials(TRIALS.inputs, TRIALS.targets, mask=mask)
    options = {"members": 4, "batch": [2, 1, None, 9], "epochs": 7, "lr": 1e-2, "sigma": 0.1}
    options |= {"validation": HELD, "evaluate_every": [1, 3, 2, 1], "record_every": 1, **FREE}
    ours, theirs = (tbrnn.fit(MODELS[1], trials, device=d, **options) for d in ("cuda", "cpu"))
    assert theirs.optimizer.counts[1][0] == 7 * 3
    same_training(ours, theirs)


EXPLODING = tbrnn.LowRankTBRNN(rank=2, phi="identity", alpha=1.0, scale=1.0, **SIZES)


@pytest.mark.parametrize("batch", [None, 2])
def test_a_guard_is_that_of_the_processor(batch):
    guard = tbrnn.Guard(loss=4.0, back=3, factor=0.3, growth=1.5, most=5)
    options = {"members": 4, "batch": batch, "epochs": 25, "lr": [0.03, 0.3, 1.0, 0.01]}
    options |= {"guard": [guard, guard, guard, None], "record_every": 1, **FREE}
    ours, theirs = (
        tbrnn.fit(EXPLODING, TRIALS, device=d, dtype="float64", **options) for d in ("cuda", "cpu")
    )
    assert theirs.rollbacks.max() > 1
    assert ours.rollbacks.tolist() == theirs.rollbacks.tolist()
    same_training(ours, theirs)


def test_statistics_are_those_of_the_processor():
    stacked = tbrnn.Trials.stack([TRIALS, OTHERS])
    options = {"members": 3, "dataset": [0, 1, 0], "epochs": [6, 12, 7], "statistics": 3, **FREE}
    options["target_loss"] = [None, None, 1e3]  # one ends before it is measured
    ours, theirs = (tbrnn.fit(MODELS[0], stacked, device=d, **options) for d in ("cuda", "cpu"))
    assert [len(one) for one in theirs.statistics] == [2, 4, 0]
    same_training(ours, theirs)
    for mine, cpu in zip(ours.statistics, theirs.statistics, strict=True):
        for name in cpu.dtype.names:
            assert_close(mine[name], cpu[name], "float32 values", name)


def test_phases_patience_and_seldom_looks_are_those_of_the_processor():
    first = {"train": ("m_rnn", "n_tbrnn"), "epochs": 4, "evaluate_every": 3, "batch": 3, **FREE}
    then = {"epochs": 30, "evaluate_every": 4, "patience": (3, 10.0), "validation": HELD, **FREE}
    results = []
    for device in ("cuda", "cpu"):
        begun = tbrnn.fit(MODELS[2], TRIALS, members=2, device=device, **first)
        on = {"optimizer": begun.optimizer, **then}
        results.append(tbrnn.fit(begun.best, TRIALS, device=device, **on))
    assert results[1].status.tolist() == ["stalled", "stalled"]
    same_training(*results)


def test_runs_name_what_trained_them():
    options = {"members": 2, "epochs": 2}
    assert tbrnn.fit(MODELS[0], TRIALS, **options).device.tolist() == ["cpu", "cpu"]
    cuda = tbrnn.fit(MODELS[0], TRIALS, device="cuda", **options)
    assert cuda[1].device.tolist() == ["cuda: emulated device"]


def test_members_stop_on_their_own_and_may_diverge():
    options = {"members": 4, "epochs": [3, 9, 9, 9], "lr": [1e-2, 1e-2, 1e-2, 1e9]}
    options |= {"target_loss": [None, 1e3, None, None], "stall": [None, None, (2, 1.0), None]}
    ours, theirs = (tbrnn.fit(MODELS[0], TRIALS, device=d, **options) for d in ("cuda", "cpu"))
    assert theirs.status[:3].tolist() == ["capped", "converged", "stalled"]
    same_training(ours[:3], theirs[:3])
    assert ours.status[3] == theirs.status[3]


def test_data_sets_validation_weight_decay_and_frozen_arrays():
    stacked = tbrnn.Trials.stack([TRIALS, OTHERS])
    options = {"members": 4, "dataset": [0, 1, 1, 0], "validation": HELD, "epochs": 6, "lr": 1e-2}
    options |= {"optimizer": tbrnn.adamw(0.1), "train": ("l", "m", "n", "w_out"), **FREE}
    ours, theirs = (tbrnn.fit(MODELS[1], stacked, device=d, **options) for d in ("cuda", "cpu"))
    same_training(ours, theirs)
    start = MODELS[1].initial(range(4))
    assert np.array_equal(ours.last[0].arrays["w_in"], start[0].arrays["w_in"])


def test_a_training_goes_on_from_an_optimizer():
    begun = tbrnn.fit(MODELS[0], TRIALS, members=2, epochs=4, lr=1e-2, device="cuda", **FREE)
    on = {"optimizer": begun.optimizer, "epochs": 4, "lr": 1e-2, **FREE}
    ours, theirs = (tbrnn.fit(begun.last, TRIALS, device=d, **on) for d in ("cuda", "cpu"))
    assert set(ours.optimizer.counts[0]) == {8}
    same_training(ours, theirs)


def test_lint_is_that_of_the_processor():
    teachers = MODELS[1].initial(range(2))
    options = {"ranks": [1, 2], "epochs": 5, "lr": 1e-2, "match": "rates", **FREE}
    options |= {"trials": tbrnn.Trials(TRIALS.inputs), "seed": 3}
    ours, theirs = (
        tbrnn.lint(teachers, tbrnn.LowRankRNN, device=d, **options) for d in ("cuda", "cpu")
    )
    same_training(ours, theirs)


class Enough(Exception):
    pass


def test_a_checkpoint_in_the_middle_costs_no_bit(tmp_path):
    options = {"members": 3, "lr": 1e-2, "sigma": 0.1, "epochs": 40, "device": "cuda"}
    options |= {"record_every": 3, "batch": [None, 2, 3], "guard": tbrnn.Guard(loss=1.0), **FREE}
    whole = tbrnn.fit(MODELS[0], TRIALS, **options)

    def stop(progress):
        raise Enough

    with pytest.raises(Enough):
        tbrnn.fit(MODELS[0], TRIALS, checkpoint=tmp_path, on_slice=stop, **options)
    identical(tbrnn.fit(MODELS[0], TRIALS, checkpoint=tmp_path, **options), whole)
    with pytest.raises(ValueError, match="engine"):
        tbrnn.fit(MODELS[0], TRIALS, checkpoint=tmp_path, **{**options, "device": "cpu"})


def test_members_are_told_of_and_handed_over_when_they_end():
    ended = []
    options = {"members": 3, "epochs": [1, 60, 2], "on_member_end": ended.append, **FREE}
    runs = tbrnn.fit(MODELS[0], TRIALS, device="cuda", **options)
    assert sorted(int(run.epochs[0]) for run in ended) == [1, 2, 60]
    for run in ended:
        member = runs.epochs.tolist().index(run.epochs[0])
        assert np.array_equal(run.best[0].arrays["m"], runs.best[member].arrays["m"])


def test_a_model_without_a_kernel_is_named():
    model = tbrnn.LowRankRNN(units=6, rank=1, inputs=2000, outputs=3)
    trials = tbrnn.Trials(np.ones((2, 1, 2000)), np.ones((2, 1, 3)))
    with pytest.raises(ValueError, match="LowRankRNN of 6 units .none: each reduction"):
        tbrnn.fit(model, trials, epochs=2, device="cuda")
    tbrnn.fit(model, trials, epochs=2, device="auto")


def test_auto_takes_the_device_where_it_can(monkeypatch):
    options = {"members": 2, "epochs": 4, "sigma": 0.1, **FREE}
    cuda, auto = (tbrnn.fit(MODELS[0], TRIALS, device=d, **options) for d in ("cuda", "auto"))
    identical(auto, cuda)
    monkeypatch.setenv("TBRNN_DEVICE", "cuda")
    identical(tbrnn.fit(MODELS[0], TRIALS, **options), cuda)
