"""Fixed points stay where they are in the engine; none of rank one is missed."""

import numpy as np
import pytest
import tqdm
from hypothesis import given
from hypothesis import strategies as st

import tbrnn
from connectivity.networks import MODELS, ensemble
from tbrnn.analysis import fixed_points, flow, flow_jacobian, kappa_dynamics
from tolerances import TOLERANCES, assert_close

SHIPPED = {
    "solution_run1_rnn": (tbrnn.LowRankRNN, {}),
    "solution_run1_tbrnn": (tbrnn.LowRankTBRNN, {}),
    "weff_teacher_lr_tbrnn": (tbrnn.LowRankTBRNN, {"hard_orth": True}),
    "weff_student_lr_tbrnn": (tbrnn.LowRankTBRNN, {"hard_orth": True}),
}
ROOTS = {  # kappa, slope, output where it is published
    "solution_run1_rnn": [
        (-0.078209, -5.4849, 0.9963),
        (0, 4.8748, 0),
        (0.078209, -5.4849, -0.9963),
    ],
    "solution_run1_tbrnn": [
        (-0.764547, -0.1224, 1.0110),
        (-0.714095, 0.1282, None),
        (-0.036382, -2.8499, -0.9769),
        (-0.007863, 0.8564, None),
        (0, -1, 0),
        (0.060993, 4.2843, None),
        (0.286619, -3.6871, -0.1856),
    ],
    "weff_teacher_lr_tbrnn": [
        (-0.195942, -4.2439, -0.9888),
        (-0.041165, 2.4040, None),
        (0.087545, -2.4485, 0.9952),
    ],
    "weff_student_lr_tbrnn": [
        (-1.672679, -0.4164, 0.9108),
        (-1.302642, 0.5472, None),
        (-0.092180, -2.3871, 1.0034),
        (0.048744, 2.4050, None),
        (0.206906, -4.4018, -0.9934),
    ],
}
SHIFTED = tbrnn.Nonlinearity("sigmoid", slope=2.5, shift=0.3)
ONE = {"rank": 1, "units": 7, "inputs": 1, "outputs": 1}


def shipped(published, tag):
    cls, options = SHIPPED[tag]
    arrays = {name: array.astype(float) for name, array in published(tag).items()}
    return cls.from_state_dict(arrays, alpha=0.2, **options)[0]


def strong(model, seed, gain):
    nets = model.initial([seed], dtype="float64")
    names = [name for name in ("l", "m", "n", "b_in") if name in nets.arrays]
    arrays = {k: gain * v if k in names else v for k, v in nets.arrays.items()}
    return tbrnn.Ensemble.from_arrays(model, arrays)[0]


@pytest.mark.parametrize("tag", SHIPPED)
def test_published_roots(published, tag):
    net = shipped(published, tag)
    points, golden = fixed_points(net), ROOTS[tag]
    assert points.complete
    allowed = TOLERANCES["golden figures of four decimals"]
    assert np.max(np.abs(points.kappa[:, 0] - [k for k, _, _ in golden])) <= 1e-2 * allowed
    assert np.max(np.abs(points.eigenvalues[:, 0] - [slope for _, slope, _ in golden])) <= allowed
    assert np.array_equal(points.stable, [slope < 0 for _, slope, _ in golden])
    for ours, (_, _, output) in zip(points.outputs[:, 0], golden, strict=True):
        assert output is None or abs(ours - output) <= allowed


@pytest.mark.parametrize("tag", SHIPPED)
def test_reduced_dynamics_of_published_networks(published, tag):
    net, inputs = shipped(published, tag), published("solution_data")["input"].astype(float)
    states = kappa_dynamics(net, inputs).states
    assert_close(states, net.simulate(inputs).states, "golden values")


@pytest.mark.parametrize("kind", MODELS)
def test_the_engine_stays_at_a_fixed_point(kind):
    nets, u = ensemble(MODELS[kind]), np.array([0.5, -0.3])
    for net, points in zip(nets, fixed_points(nets, u), strict=True):
        assert len(points) > 0
        assert points.complete is False
        inputs = np.broadcast_to(u, (len(points), 1, 2))
        after = net.simulate(inputs, points.states)
        assert_close(after.states[:, 0], points.states, "roots")
        assert_close(after.outputs[:, 0], points.outputs, "roots")
        jacobian = flow_jacobian(net, points.kappa, u)
        assert_close(np.abs(np.linalg.det(jacobian)), abs(points.eigenvalues.prod(1)), "roots")


@pytest.mark.parametrize("form", ["rate", "voltage"])
@pytest.mark.parametrize("readout", ["matrix", "identity"])
def test_outputs_are_those_of_the_readout(form, readout):
    sizes = {"units": 5, "rank": 2, "inputs": 1, "outputs": 5, "form": form, "readout": readout}
    nets = ensemble(tbrnn.LowRankRNN(phi="sigmoid", phi_out="tanh", **sizes))
    for net, points in zip(nets, fixed_points(nets, [0.5]), strict=True):
        inputs = np.full((len(points), 1, 1), 0.5)
        outputs = net.simulate(inputs, points.states).outputs[:, 0]
        assert_close(outputs, points.outputs, "roots")


@pytest.mark.parametrize("kind", ["three-body", "discrete", "gated"])
def test_stability_is_that_of_the_step(kind):
    """A small kick shrinks after many steps where `stable` says so, and grows elsewhere."""
    u = np.array([0.5, -0.3])
    for net in ensemble(MODELS[kind]):
        points = fixed_points(net, u)
        kick = 1e-6 * np.random.default_rng(1).normal(size=points.states.shape)
        inputs = np.broadcast_to(u, (len(points), 60, 2))
        states = net.simulate(inputs, points.states + kick).states[:, -1]
        grown = np.linalg.norm(states - points.states, axis=1) / np.linalg.norm(kick, axis=1)
        growth = np.abs(1 + net.model.alpha * points.eigenvalues).max(axis=1)
        clear = np.abs(growth - 1) > 0.1
        assert np.array_equal((grown < 1)[clear], points.stable[clear])


@given(seed=st.integers(0, 10_000), gain=st.floats(1, 30), bias=st.booleans())
@pytest.mark.parametrize("phi", ["tanh", "sigmoid", SHIFTED])
@pytest.mark.parametrize("cls", [tbrnn.LowRankRNN, tbrnn.LowRankTBRNN])
def test_no_root_of_rank_one_is_missed(cls, phi, seed, gain, bias):
    net = strong(cls(phi=phi, input_bias=bias, **ONE), seed, gain)
    points = fixed_points(net)
    assert np.max(np.abs(flow(net, points.kappa)) / (1 + np.abs(points.kappa))) < 1e-9
    reach = 1.1 * np.max(np.abs(points.kappa)) + 1
    read = ("m", "n") if cls is tbrnn.LowRankTBRNN else ("n",)
    farthest = np.prod([np.abs(net.arrays[name]).sum() / 7 for name in read])  # |phi| is at most 1
    for span in (farthest, reach, 0.1 * reach, 0.01 * reach):
        grid = np.linspace(-span, span, 4001) + 1e-4 * span
        sign = np.sign(flow(net, grid[:, None])[:, 0])
        crossings = np.flatnonzero(sign[1:] != sign[:-1])
        low, high = grid[crossings], grid[crossings + 1]
        inside = (points.kappa >= low) & (points.kappa <= high)
        assert inside.any(axis=0).all()


def test_roots_that_nearly_touch_are_told_apart():
    """-k + g tanh(k) tanh(k - 3): at the right g two roots are born; just above, both are found."""
    model = tbrnn.LowRankTBRNN(units=2, rank=1, inputs=1, outputs=1, scale=1.0)
    base = {"l": [[[1.0], [1.0]]], "n": [[[0.0], [1.0]]], "w_in": np.zeros((1, 2, 1))}
    base |= {"b_in": [[0.0, -3.0]], "w_out": np.zeros((1, 1, 2)), "b_out": np.zeros((1, 1))}

    def count(gain):
        arrays = base | {"m": np.array([[[gain], [0.0]]])}
        return len(fixed_points(tbrnn.Ensemble.from_arrays(model, arrays)[0]))

    low, high = 0.1, 20.0
    for _ in range(35):
        middle = 0.5 * (low + high)
        low, high = (low, middle) if count(middle) > 1 else (middle, high)
    assert count(low) == 1
    assert count(high * (1 + 1e-6)) == 3


@pytest.mark.parametrize(
    ("gain", "count"), [(1 - 1e-9, 1), (1, 1), (1 + 1e-13, 3), (1 + 1e-9, 3), (1 + 1e-6, 3)]
)
def test_what_is_nearly_a_root_is_none(gain, count):
    """-k + g tanh(k): roots are born at g = 1, and F stays small between them."""
    model = tbrnn.LowRankRNN(rank=1, units=2, inputs=1, outputs=1, input_bias=False, scale=1.0)
    one = np.array([[[1.0], [0.0]]])
    arrays = {**model.initial([0], dtype="float64").arrays, "m": one, "n": gain * one}
    points = fixed_points(tbrnn.Ensemble.from_arrays(model, arrays)[0])
    assert len(points) == count
    if count == 3:
        assert points.stable.tolist() == [True, False, True]
        assert_close(points.kappa[-1, 0], np.sqrt(3 * (gain - 1)), "newborn roots")


@pytest.mark.parametrize(("bias", "count"), [(0.25, 1), (0.25 - 1e-14, 2), (0.25 + 1e-14, 0)])
def test_roots_that_touch_are_one(bias, count):
    """-k + (k + b)^2 has a double root at b = 1/4."""
    model = tbrnn.LowRankTBRNN(rank=1, units=1, inputs=1, outputs=1, phi="identity", scale=1.0)
    one = dict.fromkeys("lmn", np.ones((1, 1, 1)))
    arrays = {**model.initial([0], dtype="float64").arrays, **one, "b_in": [[bias]]}
    points = fixed_points(tbrnn.Ensemble.from_arrays(model, arrays)[0], within=2.0)
    assert len(points) == count
    for kappa in points.kappa[:, 0]:
        assert_close(kappa, 0.25, "roots of rounding")


def test_a_wide_search_takes_no_kink_for_a_root():
    """Where the slope of relu jumps no interval is monotone, however small."""
    start = tbrnn.LowRankTBRNN(phi="relu", **ONE).initial([3], dtype="float64")
    arrays = {**start.arrays, **{name: 3 * start.arrays[name] for name in "lmn"}}
    net = tbrnn.Ensemble.from_arrays(start.model, arrays)[0]
    near, far = (fixed_points(net, within=within) for within in (20.0, 1e9))
    assert_close(far.kappa, near.kappa, "roots of a wide search")


def test_decoupled_pairs_have_all_combinations():
    """Two bistable populations that do not see each other: 3 x 3 fixed points, 4 of them stable."""
    model = tbrnn.LowRankRNN(units=10, rank=2, inputs=1, outputs=1, input_bias=False)
    nets = model.initial([0], dtype="float64")
    vectors = np.sqrt(8) * np.kron(np.eye(2), np.ones((5, 1)))[None]
    net = tbrnn.Ensemble.from_arrays(model, {**nets.arrays, "m": vectors, "n": vectors})[0]
    points = fixed_points(net)
    assert len(points) == 9
    assert points.stable.sum() == 4
    assert_close(points.kappa, -points.kappa[::-1], "roots")
    assert np.abs(points.kappa).max() > 1
    assert len(fixed_points(net, within=1.0)) == 1


@pytest.mark.parametrize("scale", [1e-9, 1e9, (1, 1e9)])
def test_points_of_small_overlaps_are_told_apart(scale):
    """The dynamics are the same with m and n exchanged for scale m and n / scale."""
    scale = np.broadcast_to(scale, 2)
    model = tbrnn.LowRankRNN(units=10, rank=2, inputs=1, outputs=1, input_bias=False)
    nets = model.initial([0], dtype="float64")
    vectors = np.sqrt(8) * np.kron(np.eye(2), np.ones((5, 1)))[None]
    arrays = {**nets.arrays, "m": vectors * scale, "n": vectors / scale}
    points = fixed_points(tbrnn.Ensemble.from_arrays(model, arrays)[0], starts=500)
    assert (len(points), points.stable.sum()) == (9, 4)


@pytest.mark.parametrize("phi", ["relu", "softplus", "identity"])
def test_unbounded_nonlinearities_are_searched_as_told(phi):
    net = strong(tbrnn.LowRankTBRNN(phi=phi, **ONE), 3, 2.0)
    points = fixed_points(net, within=20.0)
    assert len(points) > 0
    assert np.all(np.abs(points.kappa) <= 20)
    after = net.simulate(np.zeros((len(points), 1, 1)), points.states).states[:, 0]
    assert_close(after, points.states, "roots")
    with pytest.raises(ValueError, match=f"within must be given: .* phi='{phi}', got None"):
        fixed_points(net)


def test_nothing_found_is_no_mistake():
    model = tbrnn.LowRankRNN(phi="identity", **ONE)
    one = np.eye(7)[:, :1][None]
    arrays = {**model.initial([0], dtype="float64").arrays, "m": one, "n": one}
    arrays["b_in"] = np.full((1, 7), 70.0)  # the only root is at 70 / (7 - 1)
    points = fixed_points(tbrnn.Ensemble.from_arrays(model, arrays)[0], within=1.0)
    assert len(points) == 0
    assert points.states.shape == (0, 7)


def test_a_continuum_is_refused():
    model = tbrnn.LowRankRNN(phi="identity", input_bias=False, scale=1.0, **ONE)
    vector = np.eye(7)[:, :1][None]
    arrays = {**model.initial([0], dtype="float64").arrays, "m": vector, "n": vector}
    net = tbrnn.Ensemble.from_arrays(model, arrays)[0]
    with pytest.raises(ValueError, match="nets must be networks of isolated fixed points"):
        fixed_points(net, within=1.0)


def test_progress_is_shown_at_a_terminal_alone(monkeypatch, capsys):
    seen, bar = [], tqdm.tqdm

    def spy(nets, *words, **options):
        seen.append((len(nets), options["disable"], options["leave"]))
        return bar(nets, *words, **options)

    monkeypatch.setattr(tqdm, "tqdm", spy)
    fixed_points(ensemble(MODELS["two-body"]), starts=2)
    assert seen == [(4, None, False)]
    assert capsys.readouterr() == ("", "")


def test_starts_depend_on_the_member_alone():
    nets = ensemble(MODELS["both"])
    together, alone = fixed_points(nets, starts=20)[2], fixed_points(nets[2], starts=20)
    assert np.array_equal(together.kappa, alone.kappa)
