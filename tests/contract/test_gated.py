"""The low-rank GRU where it differs from the other networks: words, gates, starts, golden arrays.

Its rollout, gradients, training and determinism are tested with all other kinds (`KINDS`).
"""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import tbrnn
from contract.calls import gradient, simulate
from contract.cases import case
from reference.published import NAMES
from tolerances import TOLERANCES, assert_close

GOLDEN = Path(__file__).parents[1] / "golden"
MODEL = tbrnn.LowRankGRU(units=30, rank=5, inputs=3, outputs=2)
BOTH = [MODEL, tbrnn.LeakyGRU(units=30, inputs=3, outputs=2)]
MATRICES = [f"{a}_h{gate}" for gate in "rzh" for a in "mn"]


def below(arrays, prefix):
    return {k.removeprefix(prefix): v for k, v in arrays.items() if k.startswith(prefix)}


def test_golden_arrays():
    shared, arrays = (dict(np.load(GOLDEN / f"{name}.npz")) for name in ("low_rank", "gated"))
    golden = below(arrays, "synthetic/Low_Rank_GRU/cont/rate/")
    inputs, targets, start = (shared["synthetic/" + key] for key in ("input", "target", "x0"))
    nets = tbrnn.LowRankGRU.from_state_dict(below(golden, "param/"), alpha=0.3)
    activity = nets.simulate(inputs, initial_states=start)
    assert_close(activity.states[0], golden["traj"], "golden values")
    assert_close(activity.outputs[0], golden["output"], "golden values")
    loss, gradients = tbrnn.gradient(nets, tbrnn.Trials(inputs, targets, initial_states=start))
    assert_close(loss[0], golden["loss"], "golden values")
    assert len(gradients) == len(below(golden, "grad/"))
    for published, expected in below(golden, "grad/").items():
        assert_close(gradients[NAMES[published]][0], expected, "golden values", published)


@pytest.fixture
def shipped(published):
    data = published("solution_data")

    def load(dtype):
        arrays = {k: v.astype(dtype) for k, v in published("solution_run1_gru").items()}
        nets = tbrnn.LowRankGRU.from_state_dict(arrays, alpha=0.2)
        return nets, data["input"].astype(dtype), data["target"].astype(dtype)

    return load


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_metrics_of_the_shipped_network(shipped, dtype):
    nets, inputs, targets = shipped(dtype)
    outputs = nets.simulate(inputs).outputs
    assert outputs.dtype == dtype
    allowed = TOLERANCES[f"golden metrics {dtype}"]
    assert abs(tbrnn.analysis.accuracy(outputs, targets)[0] - 1.000000) <= allowed
    assert abs(np.mean((outputs.astype(float) - targets) ** 2) - 0.000657) <= allowed


def test_outputs_and_gradients_of_the_shipped_network(shipped, published):
    nets, inputs, targets = shipped("float64")
    golden = below(published("expected_outputs_and_gradients"), "solution_run1_gru/")
    activity = nets.simulate(inputs)
    assert_close(activity.outputs[0, :4], golden["output_first"], "golden values")
    assert_close(activity.states[0, :2], golden["traj_first"], "golden values")
    assert_close(activity.states[0, :64, -1], golden["x_final"], "golden values")
    loss, gradients = tbrnn.gradient(nets, tbrnn.Trials(inputs, targets))
    assert_close(loss[0], golden["loss"], "golden values")
    for name, expected in below(golden, "grad/").items():
        assert_close(gradients[NAMES[name]][0], expected, "golden values", name)


def with_biases(c, parameters, **biases):
    """All entries of some bias set to one number."""
    changed, start = parameters.copy(), 0
    for name, shape in c.fields:
        stop = start + int(np.prod(shape))
        if name in biases:
            changed[:, start:stop] = biases[name]
        start = stop
    return changed


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_a_closed_update_gate_keeps_the_state(dtype):
    c = case("gru", initial=True, dtype=dtype)
    data = c.data()
    states = simulate(c, with_biases(c, c.parameters(), b_iz=200.0), data)["states"][0]
    assert np.array_equal(states, np.repeat(data["initial_states"][:, None], c.steps, axis=1))


@pytest.mark.parametrize("phi", ["tanh", "softplus"])
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_open_gates_make_a_pairwise_network_of_voltage_form(dtype, phi):
    c = case("gru", phi=phi, initial=True, dtype=dtype)
    plain = case("two-body", "voltage", phi=phi, initial=True, dtype=dtype)
    parameters, data = with_biases(c, c.parameters(), b_ir=200.0, b_iz=-200.0), c.data()
    named = c.named(parameters[0])
    ours = {"m": "m_hh", "n": "n_hh", "w_in": "w_ih", "b_in": "b_ih"}
    block = [named[ours.get(name, name)].ravel() for name, _ in plain.fields]
    same = np.concatenate(block)[None].astype(dtype)
    one, other = simulate(c, parameters, data), simulate(plain, same, data)
    for name in one:
        assert_close(one[name], other[name], f"{dtype} values", name)
    loss, gradients = gradient(c, parameters, data)
    expected_loss, expected = gradient(plain, same, data)
    assert_close(loss, expected_loss, f"{dtype} values")
    gradients, expected = c.named(gradients[0]), plain.named(expected[0])
    for name, array in expected.items():
        assert_close(gradients[ours.get(name, name)], array, f"{dtype} gradients of an array", name)
    assert not any(gradients[name].any() for name in ("m_hr", "n_hz", "w_ir", "b_iz"))


def test_rates_are_states():
    nets = MODEL.initial([0, 1])
    activity = nets.simulate(np.ones((4, 6, 3)))
    assert np.array_equal(activity.rates, activity.states)
    readout = np.einsum("mbtn,mon->mbto", activity.states, nets.w_out)
    assert_close(activity.outputs, readout + nets.b_out[:, None, None], "float32 values")


def test_initial_weights():
    """In the order of the parameters, uniform on +-sqrt(6/(p+q)) and +-1/sqrt(fan-in)."""
    nets = MODEL.initial([(7, 1)], dtype="float64")
    rng = np.random.Generator(np.random.Philox(np.random.SeedSequence((7, 1))))
    bounds = dict.fromkeys(MATRICES, np.sqrt(6 / 35))
    for gate in "rzh":
        bounds |= {f"w_i{gate}": np.sqrt(6 / 33), f"b_i{gate}": 1 / np.sqrt(3)}
    bounds |= {"w_out": np.sqrt(6 / 32), "b_out": 1 / np.sqrt(30)}
    assert list(nets.arrays) == list(bounds)
    for name, bound in bounds.items():
        expected = rng.uniform(-bound, bound, nets.arrays[name].shape[1:])
        assert_close(nets.arrays[name][0], expected, "float64 values", name)


@pytest.mark.parametrize("scale", [None, 1.0])
def test_scale_and_alpha(scale):
    """The first step from a given state, by hand."""
    nets = replace(MODEL, scale=scale, alpha=0.3, phi="sigmoid").initial([1], dtype="float64")
    p = {name: array[0] for name, array in nets.arrays.items()}
    rng = np.random.default_rng(0)
    u, x = rng.normal(0, 1, (4, 1, 3)), rng.normal(0, 1, (4, 30))

    def sigmoid(gate, y):
        recurrent = (1 / 30 if scale is None else scale) * y @ p[f"n_h{gate}"] @ p[f"m_h{gate}"].T
        return 1 / (1 + np.exp(-(recurrent + u[:, 0] @ p[f"w_i{gate}"].T + p[f"b_i{gate}"])))

    q, z = sigmoid("r", x), sigmoid("z", x)
    expected = x + 0.3 * (-x + (1 - z) * sigmoid("h", q * x) + z * x)
    states = nets.simulate(u, initial_states=x).states
    assert_close(states[0, :, 0], expected, "float64 values")


@pytest.mark.parametrize("biases", [True, False])
def test_published_state_dicts_round_trip(biases):
    model = replace(MODEL, input_bias=biases, output_bias=biases)
    nets = model.initial([2])
    arrays = nets.state_dict()
    again = tbrnn.LowRankGRU.from_state_dict(arrays)
    assert again.model == model
    assert {NAMES[name] for name in arrays} == set(nets.arrays)
    for name, array in arrays.items():
        assert np.array_equal(again.arrays[NAMES[name]][0], array)


def test_files_round_trip(tmp_path):
    nets = MODEL.initial([2, 3])
    nets.save(tmp_path / "gru.safetensors")
    again = tbrnn.load(tmp_path / "gru.safetensors")
    assert again.model == MODEL
    assert all(np.array_equal(again.arrays[name], array) for name, array in nets.arrays.items())


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"M_hz": None}, "arrays must be the parameters of LowRankGRU.*lack M_hz"),
        ({"M": np.zeros((30, 5))}, "have unexpected M$"),
        ({"W_iz.bias": None}, "lack W_iz.bias"),
        ({"W_ir.bias": None, "W_iz.bias": None}, "lack W_ir.bias, W_iz.bias"),
        ({"W_ih.weight": np.zeros((30, 2))}, r"arrays\['W_ih.weight'\] must be of shape \(30, 3\)"),
        ({"N_hh": np.zeros((30, 4))}, r"arrays\['N_hh'\] must be of shape \(30, 5\)"),
        ({"w_out.weight": None}, "readout='identity'"),
    ],
)
def test_state_dict_mistakes(changes, message):
    arrays = MODEL.initial([2]).state_dict() | changes
    arrays = {name: array for name, array in arrays.items() if array is not None}
    with pytest.raises(ValueError, match=message):
        tbrnn.LowRankGRU.from_state_dict(arrays)


@pytest.mark.parametrize("option", [{"form": "rate"}, {"phi_out": "tanh"}, {"bulk": 1.0}])
def test_a_gru_has_no_such_argument(option):
    with pytest.raises(TypeError, match=f"unexpected keyword argument '{next(iter(option))}'"):
        tbrnn.LowRankGRU(units=30, rank=5, inputs=3, outputs=2, **option)


def test_the_engine_takes_one_form():
    net = replace(case("gru").net, form="rate")
    with pytest.raises(ValueError, match="form must be voltage .* for LowRankGRU"):
        _ = replace(case("gru"), net=net).spec


INPUTS = np.random.default_rng(5).normal(0, 1, (6, 7, 3))


@pytest.mark.parametrize("match", ["rates", "states"])
@pytest.mark.parametrize("student", [tbrnn.LowRankRNN, tbrnn.LowRankGRU])
def test_students_of_a_gru(student, match):
    teachers = MODEL.initial([0, 1])
    options = {"ranks": [1, 3], "trials": tbrnn.Trials(INPUTS), "match": match, "epochs": 30}
    runs = tbrnn.lint(teachers, student, record_every=1, **options)
    assert runs.rank.tolist() == [1, 3, 1, 3]
    for i, pupil in enumerate(runs.best):
        teacher = teachers[int(runs.teacher[i])]
        states = pupil.simulate(INPUTS).states, teacher.simulate(INPUTS).states
        assert_close(np.mean((states[0] - states[1]) ** 2), runs.best_loss[i], "float32 values")
        assert runs.best_loss[i] < 0.5 * runs.history[i]["loss"][0]
        assert np.array_equal(pupil.w_out, teacher.w_out)
        assert pupil.model.form == "voltage"


def test_gru_students_show_rates():
    teachers = tbrnn.LowRankRNN(units=30, rank=2, inputs=3, outputs=2).initial([0])
    options = {"ranks": [2], "trials": tbrnn.Trials(INPUTS), "epochs": 5}
    runs = tbrnn.lint(teachers, tbrnn.LowRankGRU, match="rates", **options)
    shown = runs.best.simulate(INPUTS).states - teachers.simulate(INPUTS).rates
    assert_close(np.mean(shown**2), runs.best_loss[0], "float32 values")
    with pytest.raises(ValueError, match="match must be 'rates': LowRankGRU reads out x"):
        tbrnn.lint(teachers, tbrnn.LowRankGRU, match="states", **options)


@pytest.mark.parametrize("model", BOTH)
def test_velocities_and_planes(model):
    net = model.initial([0], dtype="float64")[0]
    states = net.simulate(INPUTS).states
    after = net.simulate(np.zeros((6, 1, 3)), initial_states=states[:, -1]).states[:, 0]
    velocity = tbrnn.analysis.velocity(net, states[:, -1])
    assert_close(velocity, (after - states[:, -1]) / 0.2, "float64 values")
    plane = tbrnn.analysis.pca(states)
    assert tbrnn.analysis.plane_flow(net, plane, (1.0, 1.0), points=5).velocity.shape == (5, 5, 2)


def test_canonical_pairs_keep_the_dynamics():
    nets = MODEL.initial([0, 1], dtype="float64")
    canonical = tbrnn.connectivity.canonical(nets)
    assert not np.allclose(canonical.m_hz, nets.m_hz)
    for name in ("m_hr", "m_hz", "m_hh"):
        partner = name.replace("m", "n")
        lengths = [np.linalg.norm(canonical.arrays[which], axis=1) for which in (name, partner)]
        assert_close(lengths[0], lengths[1], "float64 values")
    ours, theirs = nets.simulate(INPUTS), canonical.simulate(INPUTS)
    assert_close(theirs.states, ours.states, "float64 values")


@pytest.mark.parametrize(
    "ask",
    [tbrnn.analysis.fixed_points, tbrnn.connectivity.matrix, tbrnn.connectivity.tensor],
)
@pytest.mark.parametrize("model", BOTH)
def test_what_gates_do_not_have(model, ask):
    with pytest.raises(ValueError, match="nets must be .*networks .*, got Ensemble.1 network"):
        ask(model.initial([0])[0])


def test_statistics_are_of_the_candidate_at_a_half_open_gate():
    trials = tbrnn.Trials(INPUTS, np.zeros((6, 7, 2)))
    options = {"statistics": 2, "stall": None, "target_loss": None, "dtype": "float64"}
    runs = tbrnn.fit(MODEL, trials, epochs=4, **options)
    net, row = runs.last[0], runs.statistics[0][-1]
    radius = np.abs(np.linalg.eigvals(0.5 / 30 * net.m_hh @ net.n_hh.T)).max()
    assert_close(row["spectral_radius"], radius, "float64 gradients")
    assert_close(row["overlap"], np.linalg.norm(net.n_hh.T @ net.m_hh / 30), "float64 values")
