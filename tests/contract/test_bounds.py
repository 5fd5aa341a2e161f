"""Bounded parameters: initial weights and every update stay within; nothing else changes."""

from dataclasses import replace

import numpy as np
import pytest

import tbrnn
from contract.calls import oracle_train, train
from contract.cases import case
from tolerances import assert_close

SIZES = {"units": 7, "inputs": 2, "outputs": 3}
BOUNDS = {"b_in": (-0.1, 0.2), "w_in": (0, None), "w_out": (None, 0.05), "b_out": (0.5, 0.5)}
MODEL = tbrnn.LowRankRNN(rank=2, bounds=BOUNDS, **SIZES)
RNG = np.random.default_rng(0)
TRIALS = tbrnn.Trials(RNG.normal(size=(9, 8, 2)), RNG.normal(size=(9, 8, 3)))


def assert_within(nets):
    assert nets.b_in.min() >= np.float32(-0.1)
    assert nets.b_in.max() <= np.float32(0.2)
    assert nets.w_in.min() >= 0
    assert nets.w_out.max() <= np.float32(0.05)
    assert (nets.b_out == 0.5).all()


def test_initial_weights():
    free = tbrnn.LowRankRNN(rank=2, **SIZES).initial([3])
    nets = MODEL.initial([3])
    assert_within(nets)
    assert (nets.w_in == abs(free.w_in)).all()
    assert (nets.b_in == np.clip(free.b_in, np.float32(-0.1), np.float32(0.2))).all()
    assert (nets.m == free.m).all()


@pytest.mark.parametrize("batch", [None, 4])
def test_every_update_stays_within(batch):
    for epochs in (1, 2, 30):
        runs = tbrnn.fit(MODEL, TRIALS, members=3, epochs=epochs, lr=0.1, batch=batch, stall=None)
        assert_within(runs.best)
        assert_within(runs.last)
    assert runs.last.b_in.min() == np.float32(-0.1)  # a bound was reached
    assert runs.last.w_in.min() == 0


def test_projected_adam():
    """After each step of Adam, and nothing else, the bounded arrays are clipped."""
    c = case("two-body", bounds=(("b_in", -0.05, 0.1), ("w_in", 0.0, np.inf)))
    parameters, data = c.parameters(), c.data()
    for epochs in (1, 20):
        run = oracle_train(
            c,
            parameters[0],
            data,
            epochs=epochs,
            lr=lambda e: 3e-2,
            target_loss=0,
            project=lambda p: (
                p | {"b_in": np.clip(p["b_in"], -0.05, 0.1), "w_in": np.maximum(p["w_in"], 0)}
            ),
        )
        result = train(c, parameters, data, epochs=epochs, lr=3e-2)
        for name, array in c.named(result["last"][0]).items():
            assert_close(array, run.last[name], "training", name)


def test_frozen_arrays_stay_as_they_are():
    arrays = MODEL.initial([0]).arrays | {"w_in": -np.ones((1, 7, 2), np.float32)}
    nets = tbrnn.Ensemble.from_arrays(MODEL, arrays)
    runs = tbrnn.fit(nets, TRIALS, epochs=3, train=("m", "n"), stall=None)
    assert (runs.last.w_in == -1).all()


def test_their_order_does_not_matter():
    turned = replace(MODEL, bounds=dict(reversed(BOUNDS.items())))
    assert turned == MODEL
    assert len(MODEL.initial([0]).where(bounds=dict(reversed(BOUNDS.items())))) == 1


def test_given_weights_are_moved_by_the_first_update():
    arrays = MODEL.initial([0]).arrays | {"w_in": -np.ones((1, 7, 2), np.float32)}
    nets = tbrnn.Ensemble.from_arrays(MODEL, arrays)
    assert (nets.w_in == -1).all()
    assert_within(tbrnn.fit(nets, TRIALS, epochs=1, stall=None).last)


def test_files_and_students(tmp_path):
    nets = MODEL.initial([0, 1])
    nets.save(tmp_path / "nets.safetensors")
    assert tbrnn.load(tmp_path / "nets.safetensors").model == MODEL
    students = tbrnn.lint(nets, tbrnn.LowRankTBRNN, ranks=[1], trials=TRIALS, epochs=20, lr=0.1)
    assert students.last.w_in.min() >= 0
    assert {name for name, _, _ in students.best.model.bounds} == set(BOUNDS)


@pytest.mark.parametrize(
    ("model", "name"),
    [
        (tbrnn.RNN(bounds={"w_hh": (0, None)}, **SIZES), "w_hh"),
        (tbrnn.LowRankRNN(rank=1, bounds={"m": (0, None), "w_in": (0, None)}, **SIZES), "m"),
    ],
)
def test_students_have_no_bounds_on_what_recurs(model, name):
    students = tbrnn.lint(model.initial([0]), tbrnn.LowRankRNN, ranks=[1], trials=TRIALS, epochs=2)
    kept = {bound[0] for bound in model.bounds} - {name}
    assert {bound[0] for bound in students.best.model.bounds} == kept
    assert students.best.m.min() < 0


def test_beside_arguments_of_the_drive(tmp_path):
    """Masks, a fixed matrix and a pair of ranks, given as what they are before they are checked."""
    array = np.ones((7, 7))
    for model in (
        tbrnn.RNN(mask=array, bounds=BOUNDS, **SIZES),
        tbrnn.HORNN(mask_rnn=array, bounds=BOUNDS, **SIZES),
        tbrnn.LowRankRNN(rank=2, bulk=array, bounds=BOUNDS, **SIZES),
        tbrnn.LowRankHORNN(rank=[1, 1], bounds=BOUNDS, **SIZES),
    ):
        nets = model.initial([0])
        assert_within(nets)
        nets.save(tmp_path / "nets.safetensors")
        assert tbrnn.load(tmp_path / "nets.safetensors").model == model
    with pytest.raises(TypeError, match="rank must be a whole number from 1 to 7, got 'a'"):
        tbrnn.LowRankRNN(rank="a", bounds=BOUNDS, **SIZES)


@pytest.mark.parametrize("ends", [(0.1, 1), (None, -0.1)])
def test_bounds_that_would_move_masked_zeros(ends):
    mask = np.ones((7, 7))
    mask[0] = 0
    with pytest.raises(ValueError, match=r"bounds\['w_hh'\] must be around 0, .*, got"):
        tbrnn.RNN(mask=mask, bounds={"w_hh": ends}, **SIZES)
    model = tbrnn.RNN(mask=mask, bounds={"w_hh": (-0.1, 0.1)}, **SIZES)
    assert not tbrnn.fit(model, TRIALS, epochs=5, lr=0.1, stall=None).last.w_hh[0, 0].any()
    tbrnn.RNN(bounds={"w_hh": ends}, **SIZES)


@pytest.mark.parametrize(
    ("bounds", "error", "message"),
    [
        (3, TypeError, "bounds must be a mapping from parameter names .*, got 3"),
        ([3], TypeError, r"bounds must be a mapping from parameter names .*, got \[3\]"),
        ([("b_in", 1)], TypeError, "bounds must be a mapping from parameter names .*, got"),
        ({"b": (0, 1)}, ValueError, "bounds must be of the parameters m, n, .*, got b"),
        ({"b_in": 1}, ValueError, r"bounds\['b_in'\] must be \(low, high\), .*, got 1"),
        ({"b_in": (1, 0)}, ValueError, r"bounds\['b_in'\] must be .* low at most high, got"),
        ({"b_in": (np.nan, 0)}, ValueError, r"bounds\['b_in'\] must be a finite number, got nan"),
    ],
)
def test_mistakes(bounds, error, message):
    with pytest.raises(error, match=message):
        tbrnn.LowRankRNN(rank=2, bounds=bounds, **SIZES)
