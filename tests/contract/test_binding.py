"""The compiled engine refuses what does not fit, naming the argument, before any work."""

import numpy as np
import pytest

from contract.calls import add, gradient, simulate, train
from contract.cases import case
from tbrnn import _core

C = case()
PARAMETERS, DATA = C.parameters(2), C.data()


def dataset(**changes):
    return _core.Dataset(**{**DATA, **changes})


def spec(**changes):
    options = {
        "units": 5,
        "ranks": (2,),
        "inputs": 2,
        "outputs": 4,
        "alpha": 0.2,
        "form": "rate",
        "phi": "tanh",
        "phi_out": "tanh",
        "scale_two": 1.0,
        "scale_three": 1.0,
        "input_bias": True,
        "output_bias": True,
        "identity_readout": False,
        "gated": False,
        "hard_orth": False,
    }
    model = changes.pop("model", "LowRankRNN")
    return _core.Spec(model, **options | changes)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"model": "LSTM"}, "model must be one of LowRankRNN, .*, got LSTM"),
        ({"units": 0}, "units must be at least 1, got 0"),
        ({"inputs": 0}, "inputs must be at least 1, got 0"),
        ({"outputs": 0}, "outputs must be at least 1, got 0"),
        ({"ranks": (6,)}, "ranks must not exceed units = 5"),
        ({"ranks": (-1,)}, "ranks must not be negative"),
        ({"ranks": (0,)}, "ranks must not all be zero"),
        ({"ranks": (1, 2)}, "ranks must hold 1 for LowRankRNN, got 2"),
        ({"model": "LowRankHORNN"}, "ranks must hold 2 for LowRankHORNN, got 1"),
        ({"alpha": 0.0}, r"alpha must lie in \(0, 1\], got 0"),
        ({"alpha": 1.5}, r"alpha must lie in \(0, 1\], got 1.5"),
        ({"form": "spiking"}, "form must be one of rate, voltage, got spiking"),
        ({"phi": "gelu"}, "phi must be one of tanh, .*, got gelu"),
        ({"phi_out": "gelu"}, "phi_out must be one of tanh, .*, got gelu"),
        ({"identity_readout": True}, "identity readout needs outputs = units = 5, got 4"),
        ({"gated": True}, "gated belongs to LowRankHORNN"),
        ({"hard_orth": True}, "hard_orth belongs to LowRankTBRNN"),
    ],
)
def test_networks(changes, message):
    with pytest.raises(ValueError, match=message):
        spec(**changes)


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"inputs": DATA["inputs"][0]}, ValueError, "inputs must have 3 axes, got 2"),
        ({"inputs": DATA["inputs"].astype(int)}, TypeError, "inputs must be a C-ordered"),
        ({"inputs": DATA["inputs"].transpose(1, 0, 2)}, TypeError, "inputs must be a C-ordered"),
        ({"inputs": DATA["inputs"][:0]}, ValueError, "inputs|targets"),
        ({"targets": DATA["targets"].astype("f4")}, TypeError, "targets must be a C-ordered"),
        ({"targets": DATA["targets"][:3]}, ValueError, "targets must agree with inputs"),
        ({"mask": np.ones((6, 7, 3))}, ValueError, "mask must have 1 or 4 channels, got 3"),
        ({"mask": np.zeros((6, 7, 1))}, ValueError, "mask must leave something to compare"),
        ({"targets": None, "mask": np.ones((6, 7, 1))}, ValueError, "mask needs targets"),
        ({"initial_states": np.zeros((5, 5))}, ValueError, "initial_states must agree"),
    ],
)
def test_data_sets(changes, error, message):
    with pytest.raises(error, match=message):
        dataset(**changes)


def test_data_sets_tell_their_sizes():
    ours = dataset()
    assert (ours.trials, ours.steps, ours.dtype) == (6, 7, np.float64)
    single = C.data()["inputs"].astype(np.float32)
    assert _core.Dataset(single).dtype == np.float32


@pytest.mark.parametrize("call", [gradient, train])
@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"parameters": np.ones((2, 83))}, ValueError, r"parameters must be \(member, 84\)"),
        ({"parameters": PARAMETERS.astype("f4")}, TypeError, "parameters must be a C-ordered"),
        ({"parameters": PARAMETERS[:0]}, ValueError, "parameters must hold at least one member"),
        ({"which": [0, 1]}, ValueError, r"dataset must lie in \[0, 1\), got 1"),
        ({"which": [0]}, ValueError, "dataset must hold one value per member, 2, got 1"),
        ({"keys": [1]}, ValueError, "keys must hold one value per member, 2, got 1"),
        ({"threads": 0}, ValueError, "threads must be at least 1, got 0"),
        ({"data": []}, ValueError, "datasets must hold at least one data set, got 0"),
        ({"data": case(inputs=3).data()}, ValueError, "datasets must have inputs 2, got 3"),
        ({"data": case(outputs=3).data()}, ValueError, "targets of channels 4, got 3"),
        ({"data": case(units=4, ranks=(3, 1), initial=True).data()}, ValueError, "units 5, got 4"),
        ({"data": {"inputs": DATA["inputs"]}}, ValueError, "targets of channels 4, got 0"),
    ],
)
def test_calls(call, changes, error, message):
    arguments = {"parameters": PARAMETERS, "data": DATA} | changes
    parameters, data = arguments.pop("parameters"), arguments.pop("data")
    with pytest.raises(error, match=message):
        call(C, parameters, data, **arguments)


def test_simulation_needs_no_targets():
    bare = simulate(C, PARAMETERS, {"inputs": DATA["inputs"]})
    full = simulate(C, PARAMETERS, DATA)
    assert all(np.array_equal(bare[name], full[name]) for name in full)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"epochs": 0}, "epochs must be at least 1, got 0"),
        ({"epochs": 2**31}, "epochs must be at most 2147483647, got 2147483648"),
        ({"lr": (1e-2, 1e-3, 0)}, "lr_epochs must be at least 1, got 0"),
        ({"stall": (-1, 0.0)}, "stall_window must be at least 0, got -1"),
        ({"record_every": -1}, "record_every must not be negative, got -1"),
    ],
)
def test_training_options(options, message):
    with pytest.raises(ValueError, match=message):
        add(_core.Trainer(1), C, PARAMETERS, DATA, **options)


@pytest.mark.parametrize("name", ["l", "w_in", "b_in", "w_out", "b_out"])
def test_a_mask_is_the_last_to_touch_a_gradient(name):
    given = {"model": "LowRankTBRNN", "units": 4, "hard_orth": True}
    masked = spec(**given, masks={name: np.zeros(dict(spec(**given).fields)[name])})
    data = dataset()
    _, (block,) = _core.gradient(
        masked,
        np.random.default_rng(0).normal(size=(1, masked.size)),
        [data],
        np.zeros(1, np.int32),
        match="outputs",
        sigma=np.zeros(1),
        keys=np.zeros(1, np.uint64),
        epoch=0,
        threads=1,
    )
    sizes = [int(np.prod(shape)) for _, shape in masked.fields]
    parts = np.split(block, np.cumsum(sizes)[:-1])
    zero = [field for (field, _), part in zip(masked.fields, parts, strict=True) if not part.any()]
    assert zero == [name]


def test_results_of_absent_cohorts():
    with pytest.raises(ValueError, match=r"cohort must lie in \[0, 0\), got 0"):
        _core.Trainer(1).result(0)
