"""Models: what their arguments mean, how they start, and every documented mistake."""

import weakref
from dataclasses import FrozenInstanceError, replace

import numpy as np
import pytest

import tbrnn
from reference.published import NAMES
from tolerances import assert_close

SIZES = {"units": 30, "inputs": 3, "outputs": 2}
MODELS = {
    "two-body": tbrnn.LowRankRNN(rank=5, **SIZES),
    "three-body": tbrnn.LowRankTBRNN(rank=5, **SIZES),
    "hybrid": tbrnn.LowRankHORNN(rank=(5, 6), **SIZES),
    "full": tbrnn.RNN(**SIZES),
    "full three-body": tbrnn.TBRNN(**SIZES),
    "full hybrid": tbrnn.HORNN(**SIZES),
    "signed": tbrnn.EIRNN(frozen_zeros=False, **SIZES),
}


def xavier(p, q):
    return np.sqrt(6 / (p + q))


def normal(spread):
    return "normal", spread


# bounds of uniform distributions; normal ones and zeros are told by name
STARTS = {
    "two-body": {"m": normal(1), "n": normal(1), "b_in": 1 / np.sqrt(3)},
    "three-body": {"l": 0.4140, "m": 0.4140, "n": 0.4140, "b_in": 1 / np.sqrt(3)},
    "hybrid": {
        "m_rnn": 0.4140,
        "n_rnn": 0.4140,
        "l_tbrnn": 0.4082,
        "m_tbrnn": 0.4082,
        "n_tbrnn": 0.4082,
        "gate": "zero",
        "b_in": "zero",
    },
    "full": {
        "w_hh": normal(0.1 / np.sqrt(30)),
        "w_in": normal(1),
        "b_in": "zero",
        "w_out": 1 / np.sqrt(30),
    },
    "full three-body": {
        "w_hh": normal(0.1 / 30),
        "w_in": normal(1),
        "b_in": "zero",
        "w_out": 1 / np.sqrt(30),
    },
    "full hybrid": {
        "w_hh_rnn": normal(0.1 / np.sqrt(30)),
        "w_hh_tbrnn": normal(0.1 / 30),
        "gate": "zero",
        "w_in": normal(1),
        "b_in": "zero",
        "w_out": normal(4),
    },
    "signed": {
        "w_hh": "magnitudes",
        "w_in": normal(np.sqrt(2 / 33)),
        "b_in": "zero",
        "w_out": normal(np.sqrt(2 / 32)),
        "b_out": "zero",
    },
}
SHARED_STARTS = {"w_in": xavier(3, 30), "w_out": xavier(30, 2), "b_out": 1 / np.sqrt(30)}


@pytest.mark.parametrize("kind", MODELS)
def test_initial_weights(kind):
    nets = MODELS[kind].initial(range(200), dtype="float64")
    starts = SHARED_STARTS | STARTS[kind]
    assert set(nets.arrays) == set(starts)
    for name, start in starts.items():
        values = nets.arrays[name].ravel()
        if start == "zero":
            assert not values.any(), name
        elif start == "magnitudes":  # of Normal(0, 0.1 / sqrt(N))
            z = values * np.sqrt(30) / 0.1
            assert values.min() >= 0
            assert abs(z.mean() - np.sqrt(2 / np.pi)) < 4 / np.sqrt(z.size)
            assert abs(np.mean(z**2) - 1) < 4 * np.sqrt(2 / z.size)
        elif isinstance(start, tuple):
            z = values / start[1]
            assert abs(z.mean()) < 4 / np.sqrt(z.size), name
            assert abs(z.var() - 1) < 4 * np.sqrt(2 / z.size), name
            assert np.abs(z).max() > 3, name
        else:
            assert np.abs(values).max() <= start + 1e-4, name
            assert np.abs(values).max() > 0.97 * start, name
            assert abs(values.var() / (start**2 / 3) - 1) < 4 / np.sqrt(values.size), name
            assert abs(values.mean()) < 4 * start / np.sqrt(3 * values.size), name


@pytest.mark.parametrize("kind", MODELS)
def test_a_member_depends_on_its_seed_alone(kind):
    model = MODELS[kind]
    alone, company = model.initial([(7, 1)]), model.initial([3, (7, 1), (7, 2)])
    assert all(np.array_equal(alone.arrays[n][0], company.arrays[n][1]) for n in alone.arrays)
    for other in (0, 2):
        assert not np.array_equal(company.w_in[1], company.w_in[other])


def test_weights_are_drawn_as_documented():
    """In the order of the parameters from Generator(Philox(SeedSequence(seed)))."""
    nets = MODELS["three-body"].initial([(7, 1)], dtype="float64")
    rng = np.random.Generator(np.random.Philox(np.random.SeedSequence((7, 1))))
    bounds = dict.fromkeys(("l", "m", "n"), xavier(30, 5)) | {
        "w_in": xavier(30, 3),
        "b_in": 1 / np.sqrt(3),
        "w_out": xavier(2, 30),
        "b_out": 1 / np.sqrt(30),
    }
    assert list(nets.arrays) == list(bounds)
    for name, bound in bounds.items():
        expected = rng.uniform(-bound, bound, nets.arrays[name].shape[1:])
        assert_close(nets.arrays[name][0], expected, "float64 values", name)


@pytest.mark.parametrize("kind", MODELS)
def test_float32_weights_are_the_float64_weights(kind):
    exact, single = (MODELS[kind].initial([4], dtype=d) for d in ("float64", "float32"))
    assert single.dtype == np.float32
    for name, array in exact.arrays.items():
        assert np.array_equal(array.astype(np.float32), single.arrays[name])


@pytest.mark.parametrize(
    ("kind", "two", "three"), [("two-body", 1 / 30, 0), ("three-body", 0, 1 / 900)]
)
@pytest.mark.parametrize("scale", [None, 1.0, 0.25])
def test_scale_and_alpha(kind, two, three, scale):
    """The first step from a given state, by hand."""
    model = replace(MODELS[kind], scale=scale, alpha=0.3)
    nets = model.initial([1], dtype="float64")
    p = {name: array[0] for name, array in nets.arrays.items()}
    rng = np.random.default_rng(0)
    u, x = rng.normal(0, 1, (4, 1, 3)), rng.normal(0, 1, (4, 30))
    r = np.tanh(x)
    if kind == "two-body":
        drive = (two if scale is None else scale) * r @ p["n"] @ p["m"].T
    else:
        drive = (three if scale is None else scale) * ((r @ p["m"]) * (r @ p["n"])) @ p["l"].T
    expected = x + 0.3 * (-x + drive + u[:, 0] @ p["w_in"].T + p["b_in"])
    activity = nets.simulate(u, initial_states=x)
    assert_close(activity.states[0, :, 0], expected, "float64 values")
    assert_close(activity.rates[0, :, 0], np.tanh(expected), "float64 values")
    outputs = np.tanh(expected) @ p["w_out"].T + p["b_out"]
    assert_close(activity.outputs[0, :, 0], outputs, "float64 values")


def test_models_are_frozen_values():
    model = MODELS["three-body"]
    assert model == tbrnn.LowRankTBRNN(rank=5, **SIZES)
    assert hash(model) == hash(replace(model))
    assert model != replace(model, alpha=0.1)
    with pytest.raises(FrozenInstanceError):
        model.alpha = 0.1


@pytest.mark.parametrize("biases", [True, False])
@pytest.mark.parametrize("kind", MODELS)
def test_published_state_dicts_round_trip(kind, biases):
    model = replace(MODELS[kind], input_bias=biases, output_bias=biases)
    nets = model.initial([2])
    arrays = nets.state_dict()
    assert all(name in NAMES for name in arrays)
    options = {"frozen_zeros": False} if kind == "signed" else {}
    again = type(model).from_state_dict(arrays, **options)
    assert again.model == model
    for name, array in nets.arrays.items():
        assert np.array_equal(again.arrays[name], array)
        published = next(key for key, ours in NAMES.items() if ours == name)
        assert np.array_equal(arrays[published], array[0])


def arrays_of(kind, **changes):
    arrays = MODELS[kind].initial([2]).state_dict() | changes
    return {name: array for name, array in arrays.items() if array is not None}


@pytest.mark.parametrize(
    ("kind", "arrays", "message"),
    [
        ("two-body", {"M": None}, "arrays must be the parameters of LowRankRNN.*lack M"),
        ("two-body", {"L": np.zeros((30, 5))}, "arrays must be .*unexpected L"),
        ("two-body", {"w_out.weight": None}, r"lack w_out.weight.*readout='identity'"),
        ("two-body", {"M": np.zeros(30)}, r"arrays: m must be a matrix, got shape \(30,\)"),
        ("three-body", {"L": np.zeros((30, 4))}, r"arrays\['M'\] must be of shape \(30, 4\)"),
        ("three-body", {"N": np.zeros((29, 5))}, r"arrays\['N'\] must be of shape \(30, 5\)"),
        ("hybrid", {"w_in.bias": np.zeros(5)}, r"arrays\['w_in.bias'\] must be of shape \(30,\)"),
        ("hybrid", {"alpha": np.zeros(2)}, r"arrays\['alpha'\] must be of shape \(\), got"),
        ("three-body", {n: np.zeros((30, 31)) for n in "LMN"}, "rank must be .* 30, got 31"),
        (
            "two-body",
            {"w_in.weight": np.zeros((1, 30))},
            r"arrays\['w_in.weight'\] must be .* 30\)",
        ),
    ],
)
def test_state_dict_mistakes(kind, arrays, message):
    with pytest.raises(ValueError, match=message):
        type(MODELS[kind]).from_state_dict(arrays_of(kind, **arrays))


def test_state_dicts_say_the_sizes_themselves():
    with pytest.raises(ValueError, match="rank must be left out: the arrays say it is 5, got 2"):
        tbrnn.LowRankRNN.from_state_dict(arrays_of("two-body"), rank=2)
    with pytest.raises(TypeError, match="arrays must be a mapping from published name to array"):
        tbrnn.LowRankRNN.from_state_dict(None)


@pytest.mark.parametrize(
    ("weights", "error", "message"),
    [
        (np.full((30, 5), "1"), TypeError, r"arrays\['M'\] must be an array of real numbers"),
        (np.ones((30, 5)) + 0j, TypeError, r"arrays\['M'\] must be an array of real numbers"),
        ([[1.0], [1.0, 2.0]], ValueError, r"arrays\['M'\] must be an array of real numbers"),
        (np.full((30, 5), np.nan), ValueError, r"arrays\['M'\] must be finite, got nan"),
    ],
)
def test_what_is_no_weight(weights, error, message):
    with pytest.raises(error, match=message):
        tbrnn.LowRankRNN.from_state_dict(arrays_of("two-body", M=weights))


@pytest.mark.parametrize(
    ("kind", "options", "error", "message"),
    [
        ("two-body", {"rank": 31}, ValueError, "rank must be a whole number from 1 to 30, got 31"),
        ("two-body", {"rank": 0}, ValueError, "rank must be a whole number from 1 to 30, got 0"),
        ("two-body", {"rank": 2.0}, TypeError, r"rank must be a whole .*, got 2.0 \(float\)"),
        ("two-body", {"rank": (1, 2)}, TypeError, r"rank must be .*, got \(1, 2\) \(tuple\)"),
        ("hybrid", {"rank": 3}, ValueError, "rank must be a pair .*, got 3"),
        ("hybrid", {"rank": (2, 31)}, ValueError, r"rank\[1\] must be .* 1 to 30, got 31"),
        ("two-body", {"units": 0}, ValueError, "units must be a whole number of at least 1, got 0"),
        ("two-body", {"inputs": 0}, ValueError, "inputs must be .* at least 1, got 0"),
        ("two-body", {"outputs": -1}, ValueError, "outputs must be .* at least 1, got -1"),
        ("two-body", {"units": "30"}, TypeError, r"units must be .*, got '30' \(str\)"),
        ("two-body", {"alpha": 0}, ValueError, "alpha must be .* above 0 and at most 1, got 0"),
        ("two-body", {"alpha": 1.5}, ValueError, "alpha must be .* at most 1, got 1.5"),
        ("two-body", {"alpha": np.nan}, ValueError, "alpha must be a finite .*, got nan"),
        ("two-body", {"sigma": -0.1}, ValueError, "sigma must be .* at least 0, got -0.1"),
        ("two-body", {"sigma": np.inf}, ValueError, "sigma must be a finite .*, got inf"),
        ("two-body", {"scale": 0.0}, ValueError, "scale must be .* above 0, got 0.0"),
        ("two-body", {"form": "spiking"}, ValueError, "form must be one of 'rate', 'voltage'"),
        ("two-body", {"phi": "gelu"}, ValueError, "phi must be one of 'tanh', .*, got 'gelu'"),
        ("two-body", {"phi": 3}, TypeError, r"phi must be a name or a tbrnn.Nonlinearity, got 3"),
        ("two-body", {"phi": {"nam": "relu"}}, ValueError, "phi must be a mapping of name and, .*"),
        ("two-body", {"phi": {"name": "relu", "gain": 2}}, ValueError, "phi must be a mapping .*"),
        ("two-body", {"phi_out": "exp"}, ValueError, "phi_out must be one of .*, got 'exp'"),
        (
            "two-body",
            {"readout": "mean"},
            ValueError,
            "readout must be one of 'matrix', 'id",
        ),
        ("two-body", {"readout": "identity"}, ValueError, "outputs must be units = 30 with"),
        ("two-body", {"input_bias": 1}, TypeError, "input_bias must be True or False, got 1"),
        ("three-body", {"hard_orth": "no"}, TypeError, "hard_orth must be True or False, got 'no'"),
        ("hybrid", {"gated": 0}, TypeError, "gated must be True or False, got 0"),
        (
            "two-body",
            {"bulk": np.ones((30, 29))},
            ValueError,
            r"bulk must be an array \(30, 30\), g",
        ),
        (
            "two-body",
            {"bulk": "random"},
            TypeError,
            r"bulk must be an array .*, got 'random' \(str",
        ),
        ("two-body", {"bulk": (-1.0, 0)}, ValueError, r"bulk\[0\] must be .* at least 0, got -1.0"),
        ("two-body", {"bulk": (1.0, "a")}, TypeError, r"bulk\[1\] must be .*, got 'a' \(str\)"),
        ("full", {"mask": np.ones(30)}, ValueError, r"mask must be an array \(30, 30\), got shape"),
        ("full", {"mask": np.full((30, 30), 0.5)}, ValueError, "mask must be zeros and ones, got"),
        ("full", {"mask": np.full((30, 30), np.nan)}, ValueError, "mask must be finite, got"),
        ("full", {"mask": [["a"] * 30] * 30}, TypeError, "mask must be an array .* of numbers"),
        ("signed", {"excitatory": 1.5}, ValueError, "excitatory must be .* at most 1, got 1.5"),
        ("signed", {"frozen_zeros": 1}, TypeError, "frozen_zeros must be True or False, got 1"),
    ],
)
def test_mistakes(kind, options, error, message):
    with pytest.raises(error, match=message):
        replace(MODELS[kind], **options)


@pytest.mark.parametrize(
    ("name", "options", "error", "message"),
    [
        ("identity", {}, ValueError, "name must be one of 'tanh', .*, got 'identity'"),
        ("tanh", {"slope": 0}, ValueError, "slope must be .* above 0, got 0"),
        ("tanh", {"shift": np.nan}, ValueError, "shift must be a finite number, got nan"),
        ("relu", {"leak": 0.1}, ValueError, "leak must be left out: .* leaky_relu, got 0.1"),
        ("leaky_relu", {"leak": 1.0}, ValueError, "leak must be from 0 to below 1, got 1.0"),
        ("tanh", {"beta": 2.0}, ValueError, "beta must be left out: .* softplus, got 2.0"),
        ("softplus", {"beta": 0.0}, ValueError, "beta must be .* above 0, got 0.0"),
        ("softplus", {"beta": "5"}, TypeError, r"beta must be .*, got '5' \(str\)"),
    ],
)
def test_nonlinearity_mistakes(name, options, error, message):
    with pytest.raises(error, match=message):
        tbrnn.Nonlinearity(name, **options)


def test_the_plain_name_of_a_leaky_relu():
    model = replace(MODELS["two-body"], phi="leaky_relu")
    assert model.phi == tbrnn.Nonlinearity("leaky_relu", leak=0.01)


def test_models_of_the_past_are_forgotten():
    """They may hold large matrices."""
    sizes = {"units": 3, "rank": 1, "inputs": 1, "outputs": 1}
    first = tbrnn.LowRankRNN(bulk=(1.0, 0), **sizes)
    first.initial([0])
    kept = weakref.ref(first)
    del first
    for seed in range(1, 200):
        tbrnn.LowRankRNN(bulk=(1.0, seed), **sizes).initial([0])
    assert kept() is None


@pytest.mark.parametrize("name", ["tanh", "relu", "sigmoid", "softplus"])
def test_a_plain_name_and_its_nonlinearity_are_one(name):
    named = replace(MODELS["two-body"], phi=name, phi_out=name)
    given = replace(named, phi=tbrnn.Nonlinearity(name), phi_out={"name": name})
    assert given == named
    assert given.described == named.described
    nets = tbrnn.Ensemble.concatenate(model.initial([0]) for model in (named, given))
    assert len(nets.where(phi=tbrnn.Nonlinearity(name))) == len(nets.where(phi=name)) == 2
    assert replace(named, phi=tbrnn.Nonlinearity(name, shift=0.1)) != named


def test_nonlinearities_of_files_and_defaults():
    phi = tbrnn.Nonlinearity("leaky_relu")
    assert (phi.slope, phi.shift, phi.leak, phi.beta) == (1.0, 0.0, 0.01, None)
    model = replace(MODELS["two-body"], phi={"name": "leaky_relu"}, phi_out=None)
    assert model.phi == model.phi_out == phi


@pytest.mark.parametrize(
    ("seeds", "error", "message"),
    [
        ([-1], ValueError, r"seeds\[0\] must be .* at least 0, got -1"),
        ([0, "a"], TypeError, r"seeds\[1\] must be .*, got 'a' \(str\)"),
        (3, TypeError, "seeds must be a sequence"),
    ],
)
def test_seed_mistakes(seeds, error, message):
    with pytest.raises(error, match=message):
        MODELS["two-body"].initial(seeds)


@pytest.mark.parametrize("dtype", ["float16", "int32", "complex64"])
def test_dtype_mistakes(dtype):
    with pytest.raises(ValueError, match=f"dtype must be 'float32' or 'float64', got '{dtype}'"):
        MODELS["two-body"].initial([0], dtype=dtype)
