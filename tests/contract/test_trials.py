"""Trials: axes, data sets and masks, and every documented mistake."""

import numpy as np
import pytest

import tbrnn

RNG = np.random.default_rng(2)
INPUTS, TARGETS = RNG.normal(0, 1, (6, 7, 3)), RNG.normal(0, 1, (6, 7, 2))
MASK, STARTS = RNG.random((6, 7)) < 0.5, RNG.normal(0, 1, (6, 5))


def everything(seed=0):
    return tbrnn.Trials(
        INPUTS + seed, TARGETS + seed, MASK, STARTS + seed, {"context": np.arange(6) + seed}
    )


def test_axes_and_sizes():
    trials = everything()
    assert (trials.datasets, trials.trials, trials.steps, len(trials)) == (1, 6, 7, 6)
    assert np.array_equal(trials.inputs, INPUTS)
    assert np.array_equal(trials.targets, TARGETS)
    assert np.array_equal(trials.mask[..., 0], MASK)
    assert np.array_equal(trials.initial_states, STARTS)
    assert np.array_equal(trials.conditions["context"], np.arange(6))


def test_arrays_are_read_only():
    trials = everything()
    for array in (trials.inputs, trials.targets, trials.mask, trials.initial_states):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 0
    with pytest.raises(AttributeError, match="inputs: Trials are read-only"):
        trials.inputs = INPUTS


def test_stack_and_dataset():
    stacked = tbrnn.Trials.stack([everything(seed) for seed in range(4)])
    assert (stacked.datasets, stacked.trials, stacked.steps) == (4, 6, 7)
    assert stacked.inputs.shape == (4, 6, 7, 3)
    one = stacked.dataset(2)
    assert np.array_equal(one.inputs, INPUTS + 2)
    assert np.array_equal(one.targets, TARGETS + 2)
    assert np.array_equal(one.initial_states, STARTS + 2)
    assert np.array_equal(one.conditions["context"], np.arange(6) + 2)


@pytest.mark.parametrize("shape", [(6, 7), (6, 7, 1), (6, 7, 2)])
def test_masks_of_every_shape(shape):
    mask = np.ones(shape)
    trials = tbrnn.Trials(INPUTS, TARGETS, mask)
    nets = tbrnn.LowRankRNN(units=5, rank=1, inputs=3, outputs=2).initial([0], dtype="float64")
    masked, plain = (tbrnn.gradient(nets, t) for t in (trials, tbrnn.Trials(INPUTS, TARGETS)))
    assert np.array_equal(masked[0], plain[0])


def test_lists_integers_and_float32_are_accepted():
    assert tbrnn.Trials([[[0], [1]]]).inputs.dtype == np.float64
    assert tbrnn.Trials(INPUTS.astype(np.float32)).inputs.dtype == np.float32


def changed(array, value):
    array = array.copy()
    array[1, 2] = value
    return array


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"inputs": INPUTS[0]}, ValueError, r"inputs must be \(trial, time, input\) or"),
        ({"inputs": INPUTS[:0]}, ValueError, r"inputs must be at least one .*shape \(0, 7, 3\)"),
        ({"inputs": INPUTS[:, :0]}, ValueError, r"inputs must be at least one .*\(6, 0, 3\)"),
        ({"inputs": INPUTS[..., :0]}, ValueError, r"inputs must be at least one .*\(6, 7, 0\)"),
        ({"inputs": changed(INPUTS, np.nan)}, ValueError, r"inputs must be finite, got nan at"),
        ({"inputs": changed(INPUTS, np.inf)}, ValueError, r"inputs must be finite, got inf at"),
        ({"inputs": INPUTS + 0j}, TypeError, "inputs must be an array of real numbers"),
        ({"inputs": INPUTS.astype(str)}, TypeError, "inputs must be an array of real numbers"),
        ({"targets": TARGETS[:5]}, ValueError, r"targets must be \(trial, time, channel\) = \(6"),
        ({"targets": TARGETS[:, 1:]}, ValueError, r"targets must be .*got \(6, 6, 2\)"),
        ({"targets": TARGETS[..., 0]}, ValueError, r"targets must be .*got \(6, 7\)"),
        ({"mask": MASK[:5]}, ValueError, r"mask must be .*got \(5, 7"),
        ({"mask": np.ones((6, 7, 3))}, ValueError, r"mask must be .*1 or 2.*got \(6, 7, 3\)"),
        ({"mask": np.zeros((6, 7))}, ValueError, "mask must be nonzero somewhere"),
        ({"mask": -np.ones((6, 7))}, ValueError, "mask must be at least 0 everywhere, got -1"),
        ({"mask": np.full((6, 7), np.nan)}, ValueError, "mask must be finite, got nan"),
        ({"targets": None, "mask": MASK}, ValueError, "mask must be given together with targets"),
        ({"initial_states": STARTS[:5]}, ValueError, r"initial_states must be .*got \(5, 5\)"),
        ({"initial_states": STARTS[0]}, ValueError, r"initial_states must be .*got \(5,\)"),
        ({"initial_states": changed(STARTS, np.nan)}, ValueError, "initial_states must be finite"),
        ({"inputs": [[[0.0], [1.0]], [[2.0]]]}, ValueError, "inputs must be an array of real"),
        ({"mask": MASK.astype(str)}, TypeError, "mask must be an array of real numbers"),
        ({"mask": MASK + 0j}, TypeError, "mask must be an array of real numbers"),
        ({"conditions": [1, 2]}, TypeError, r"conditions must be None or a mapping .*got \[1, 2"),
        (
            {"conditions": {0: np.ones(6)}},
            TypeError,
            "conditions must be a mapping from name .*got 0",
        ),
        ({"conditions": {"c": [1, 2]}}, ValueError, r"conditions\['c'\] must be .*got \(2,\)"),
        ({"conditions": {"c": [[1], 2]}}, ValueError, r"conditions\['c'\] must be an array, got"),
    ],
)
def test_mistakes(arguments, error, message):
    with pytest.raises(error, match=message):
        tbrnn.Trials(**{"inputs": INPUTS, "targets": TARGETS} | arguments)


@pytest.mark.parametrize(
    ("call", "names"),
    [
        (tbrnn.gradient, ["inputs", "mask", "initial_states"]),
        (tbrnn.fit, ["inputs", "mask", "initial_states"]),
        (tbrnn.Ensemble.simulate, ["inputs", "initial_states"]),
    ],
)
def test_what_is_no_number_in_float32_is_refused(call, names):
    arrays = {"inputs": INPUTS, "mask": MASK, "initial_states": STARTS}
    nets = tbrnn.LowRankRNN(units=5, rank=1, inputs=3, outputs=2).initial([0])
    for name in names:
        trials = tbrnn.Trials(targets=TARGETS, **{**arrays, name: 1e60 * arrays[name]})
        with pytest.raises(ValueError, match=f"{name} must be finite in float32, got -?inf"):
            call(nets, trials)


class Lent:
    """Shows its owner's array, as arrays of other libraries do."""

    def __init__(self, array):
        self.array = array

    def __array__(self, dtype=None, copy=None):
        return self.array


def read_only(array):
    view = array.view()
    view.flags.writeable = False
    return view


@pytest.mark.parametrize(
    "lend", [np.asarray, read_only, Lent, memoryview, lambda a: a.view(np.recarray)]
)
def test_numbers_that_are_changed_later_are_not_those_of_the_trials(lend):
    own, kinds = INPUTS.copy(), np.zeros(6)
    trials = tbrnn.Trials(lend(own), TARGETS, conditions={"kind": lend(kinds)})
    own[1, 2, 0], kinds[0] = np.nan, 1
    assert np.array_equal(trials.inputs, INPUTS)
    assert not trials.conditions["kind"].any()
    part = tbrnn.Trials(trials.inputs[2:])  # which nobody can change
    assert np.shares_memory(part.inputs, trials.inputs)


def test_masks_that_float32_cannot_hold():
    mask = np.ones((6, 7))
    mask[2] = 1e-42  # of a trial that may be a mini-batch
    trials = tbrnn.Trials(INPUTS, TARGETS, mask)
    nets = tbrnn.LowRankRNN(units=5, rank=1, inputs=3, outputs=2).initial([0])
    with pytest.raises(ValueError, match="mask must be 0 for a trial, or of a sum of at least"):
        tbrnn.gradient(nets, trials)
    mask[2, 1:] = np.exp(-100.0 * np.arange(6))  # where a step of little weight is none
    loss, _ = tbrnn.gradient(nets, tbrnn.Trials(INPUTS, TARGETS, mask))
    assert np.isfinite(loss).all()


def test_stacking_mistakes():
    with pytest.raises(ValueError, match="several must be Trials of one layout"):
        tbrnn.Trials.stack([everything(), tbrnn.Trials(INPUTS)])
    with pytest.raises(ValueError, match="several must be at least one Trials, got none"):
        tbrnn.Trials.stack([])
    with pytest.raises(TypeError, match=r"several\[1\] must be Trials, got shape"):
        tbrnn.Trials.stack([everything(), INPUTS])
    with pytest.raises(TypeError, match="several must be a list, each entry Trials, got Trials"):
        tbrnn.Trials.stack(everything())


@pytest.mark.parametrize(
    ("index", "error", "message"),
    [
        (2, ValueError, "index must be a whole number from 0 to 1, got 2"),
        (-1, ValueError, "index must be .* from 0 to 1, got -1"),
        (1.0, TypeError, r"index must be .* from 0 to 1, got 1.0 \(float\)"),
        (True, TypeError, r"index must be .* from 0 to 1, got True \(bool\)"),
    ],
)
def test_data_sets_that_are_not_there(index, error, message):
    both = tbrnn.Trials.stack([tbrnn.Trials(INPUTS), tbrnn.Trials(INPUTS)])
    with pytest.raises(error, match=message):
        both.dataset(index)
