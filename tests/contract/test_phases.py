"""Phases of a training through the public face: arrays frozen and released, one optimiser."""

from dataclasses import replace

import numpy as np
import pytest

import tbrnn
from contract.runs import FREE, INPUTS, MODEL, SIZES, TARGETS, TRIALS, same
from reference import network, schedules, training
from tolerances import assert_close

RECURRENT = ("l", "m", "n")


def test_phases_are_the_oracle():
    """Input and output weights frozen, then released; the same Adam goes on."""
    options = {"epochs": 60, "lr": 5e-3, "dtype": "float64", **FREE}
    one = tbrnn.fit(MODEL, TRIALS, members=3, seed=5, train=RECURRENT, **options)
    two = tbrnn.fit(one.best, TRIALS, optimizer=one.optimizer, **options)
    net = network.Network("LowRankTBRNN", scale_three=1 / 25)
    data = {"inputs": INPUTS, "targets": TARGETS}
    lr = {"epochs": 60, "lr": schedules.constant(5e-3), "target_loss": 0}
    for i in range(3):
        start = MODEL.initial([(5, i)], dtype="float64")
        p = {name: array[0] for name, array in start.arrays.items()}
        first = training.train(net, p, data, trained=RECURRENT, **lr)
        second = training.train(net, first.best, data, moments=first.moments, **lr)
        for runs, run in ((one, first), (two, second)):
            for name, array in runs.last[i].arrays.items():
                assert_close(array, run.last[name], "training", name)
        for name in p:
            assert_close(two.optimizer.m[name][i], second.moments[name][0], "training", name)
            assert two.optimizer.steps[name][i] == (120 if name in RECURRENT else 60)


def test_frozen_arrays_are_kept_bit_for_bit():
    start = MODEL.initial(range(3))
    runs = tbrnn.fit(start, TRIALS, train=RECURRENT, epochs=9, optimizer=tbrnn.adamw(0.1))
    for name in ("w_in", "b_in", "w_out", "b_out"):
        assert np.array_equal(runs.last.arrays[name], start.arrays[name])
    assert not np.array_equal(runs.last.m, start.m)


def test_an_optimiser_goes_on_as_if_it_had_not_stopped():
    options = {"optimizer": tbrnn.adamw(0.1), **FREE}
    whole = tbrnn.fit(MODEL, TRIALS, members=4, epochs=20, **options)
    half = tbrnn.fit(MODEL, TRIALS, members=4, epochs=10, **options)
    rest = tbrnn.fit(half.last, TRIALS, epochs=10, optimizer=half.optimizer, **FREE)
    assert np.array_equal(rest.last.m, whole.last.m)
    assert rest.optimizer.decay.tolist() == [0.1] * 4
    some = tbrnn.fit(half.last[[3, 1]], TRIALS, epochs=10, optimizer=half.optimizer[[3, 1]], **FREE)
    assert np.array_equal(some.last.m, whole.last.m[[3, 1]])
    mask = np.array([False, False, True, False])
    one = tbrnn.fit(half.last[mask], TRIALS, epochs=10, optimizer=half.optimizer[mask], **FREE)
    assert np.array_equal(one.last.m[0], whole.last.m[2])
    single = half.optimizer[2]
    assert single.m["m"].shape == (5, 4)
    assert single.steps["m"] == 10


def test_names_may_belong_to_some_of_the_models():
    models = [MODEL, tbrnn.LowRankRNN(rank=2, **SIZES)]
    runs = tbrnn.fit(models, TRIALS, train=RECURRENT, epochs=5, **FREE)
    again = tbrnn.fit(runs.last, TRIALS, epochs=5, optimizer=runs.optimizer, **FREE)
    assert runs.optimizer[1].steps == {"m": 5, "n": 5, "w_in": 0, "b_in": 0, "w_out": 0, "b_out": 0}
    assert again.optimizer[1].steps["w_in"] == 5
    for i, model in enumerate(models):
        names = [name for name in RECURRENT if name in dict(model.spec.fields)]
        same(runs, i, tbrnn.fit(model, TRIALS, members=[i], train=names, epochs=5, **FREE), 0)


def test_runs_are_selected_and_joined():
    models = [MODEL, tbrnn.LowRankRNN(rank=2, **SIZES), MODEL]
    runs = tbrnn.fit(models, TRIALS, epochs=5, **FREE)
    assert len(runs[1]) == 1
    assert runs[1:].best.numbers.tolist() == [1, 2]
    same(runs[np.array([False, True, True])], 0, runs, 1)
    joined = tbrnn.Runs.concatenate([runs[[2]], runs[:2]])
    for i, j in enumerate([2, 0, 1]):
        same(joined, i, runs, j)
    with pytest.raises(ValueError, match="several must be at least one Runs, got none"):
        tbrnn.Runs.concatenate([])
    with pytest.raises(TypeError, match=r"several\[0\] must be Runs, got Optimizer"):
        tbrnn.Runs.concatenate([runs.optimizer])
    states = type(runs.optimizer).concatenate
    with pytest.raises(ValueError, match="several must be at least one OptimizerState, got none"):
        states([])
    with pytest.raises(TypeError, match=r"several\[0\] must be an OptimizerState, got Runs"):
        states([runs])


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"train": ("l", "W")}, ValueError, r"train must be some of l, m, n, .*, got 'W'"),
        ({"train": ()}, ValueError, r"train must be at least one of l, m, n, .*, got \(\)"),
        ({"train": "lmn"}, TypeError, "train must be a tuple of parameter names .*, got 'lmn'"),
        ({"optimizer": "adam"}, TypeError, r"optimizer must be tbrnn.adam\(\), .*, got 'adam'"),
        ({"clip": 0.0}, ValueError, "clip must be a finite number above 0, got 0.0"),
        ({"clip": [1.0, 2.0]}, ValueError, "clip must be .* 1 members, got 2 values"),
    ],
)
def test_mistakes(options, error, message):
    with pytest.raises(error, match=message):
        tbrnn.fit(MODEL, TRIALS, epochs=1, **options)


def test_optimisers_of_others():
    runs = tbrnn.fit(MODEL, TRIALS, members=2, epochs=1)
    with pytest.raises(ValueError, match="optimizer must be the state of the 3 members, got that"):
        tbrnn.fit(MODEL.initial(range(3)), TRIALS, epochs=1, optimizer=runs.optimizer)
    other = replace(MODEL, rank=3).initial(range(2))
    message = r"optimizer\[0\] must be of the arrays l \(5, 3\), .* got"
    with pytest.raises(ValueError, match=message):
        tbrnn.fit(other, TRIALS, epochs=1, optimizer=runs.optimizer)
    with pytest.raises(ValueError, match="decay must be a finite number at least 0, got -1"):
        tbrnn.adamw(-1.0)


def test_moments_of_other_weights():
    """Those of an earlier training do not belong to networks that are drawn anew."""
    runs = tbrnn.fit(MODEL, TRIALS, members=2, epochs=1)
    message = r"optimizer must be tbrnn.adam\(\) .*, as the weights are fresh, got an Optimizer"
    with pytest.raises(ValueError, match=message):
        tbrnn.fit(MODEL, TRIALS, members=2, epochs=1, optimizer=runs.optimizer)
    with pytest.raises(ValueError, match=message):
        tbrnn.lint(
            runs.best, type(MODEL), ranks=[2], trials=TRIALS, epochs=1, optimizer=runs.optimizer
        )
