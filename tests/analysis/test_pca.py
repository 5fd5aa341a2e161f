"""Components against the singular values of plain numpy; flows on a plane against the engine."""

import numpy as np
import pytest

import tbrnn
from connectivity.golden import discrete_states
from connectivity.networks import MODELS, ensemble
from tbrnn.analysis import fixed_points, flow, pca, plane_flow, velocity
from tolerances import TOLERANCES, assert_close

RNG = np.random.default_rng(13)
STATES = RNG.normal(0, 1, (6, 7, 3)) @ RNG.normal(0, 1, (3, 5)) + RNG.normal(0, 0.1, (6, 7, 5)) + 2


def test_components_are_those_of_the_singular_values():
    found, flat = pca(STATES, 3), STATES.reshape(-1, 5)
    _, values, right = np.linalg.svd(flat - flat.mean(axis=0))
    assert_close(found.variances, values**2 / 41, "shifted sums")
    assert_close(found.ratios, values[:3] ** 2 / np.sum(values**2), "float64 values")
    assert_close(np.abs(found.components @ right[:3].T), np.eye(3), "shifted sums")
    assert_close(found.participation, np.sum(values**2) ** 2 / np.sum(values**4), "shifted sums")
    assert np.all(found.components.max(axis=1) >= -found.components.min(axis=1))


def test_no_variance_is_below_0():
    line = RNG.normal(0, 1, (20, 40, 1)) @ RNG.normal(0, 1, (20, 1, 6))
    for states in line:
        found = pca(states)
        assert np.all(found.variances >= 0)
        assert_close(found.ratios, [1, 0], "float64 values")


def test_places_and_vectors():
    found = pca(STATES, 5)
    coordinates = found.project(STATES)
    assert coordinates.shape == (6, 7, 5)
    assert_close(found.lift(coordinates), STATES, "float64 values")
    assert np.max(np.abs(coordinates.mean(axis=(0, 1)))) < 1e-12
    differences = found.project(STATES[1]) - found.project(STATES[0])
    assert_close(found.turn(STATES[1] - STATES[0]), differences, "float64 values")


def test_published_dimensions(published):
    arrays = {k: v.astype(float) for k, v in published("validation_teacher_tbrnn").items()}
    inputs = published("validation_data")["tinput"].astype(float)
    found = pca(discrete_states(arrays, arrays["w_hh"], inputs), 3)
    allowed = TOLERANCES["golden metrics float64"]
    assert np.max(np.abs(found.ratios - [0.333918, 0.314064, 0.275995])) <= allowed
    assert abs(found.participation - 3.481) <= TOLERANCES["golden figures of three decimals"]


@pytest.mark.parametrize("kind", MODELS)
def test_velocity_is_that_of_the_step(kind):
    nets, states, u = ensemble(MODELS[kind]), RNG.normal(0, 1, (2, 3, 5)), np.array([0.4, -1.0])
    ours = velocity(nets, states, u)
    assert ours.shape == (4, 2, 3, 5)
    after = nets.simulate(np.broadcast_to(u, (6, 1, 2)), states.reshape(6, 5)).states[:, :, 0]
    moved = states.reshape(6, 5) + nets.model.alpha * ours.reshape(4, 6, 5)
    assert_close(moved, after, "float64 values")
    assert_close(velocity(nets[1], states, u), ours[1], "float64 values")


def test_velocity_with_leaks_of_the_units_own():
    alpha, x = np.linspace(0.1, 1, 5), RNG.normal(0, 1, (3, 5))
    model = tbrnn.RNN(units=5, inputs=1, outputs=1, alpha=alpha, cubic=0.3, input_bias=False)
    nets = model.initial([0, 1], dtype="float64")
    expected = [-x - 0.3 * x**3 + np.tanh(x) @ net.w_hh.T for net in nets]
    assert_close(velocity(nets, x), expected, "float64 values")
    assert_close(velocity(nets[1], x), expected[1], "float64 values")


def test_velocity_of_several_models_is_that_of_each():
    slow, own, fast = (
        tbrnn.RNN(units=5, inputs=1, outputs=1, alpha=alpha).initial([0, 1], dtype="float64")
        for alpha in (0.1, np.linspace(0.1, 1, 5), 0.7)
    )
    mixed = tbrnn.Ensemble.concatenate([slow, fast, own])[[4, 0, 3, 1]]
    together = velocity(mixed, STATES[0])
    for net, ours in zip(mixed, together, strict=True):
        assert_close(velocity(net, STATES[0]), ours, "float64 values")


def test_velocity_is_zero_at_fixed_points():
    net = ensemble(MODELS["both"])[0]
    points = fixed_points(net, [0.5, 0.1])
    assert np.max(np.abs(velocity(net, points.states, [0.5, 0.1]))) < 1e-8


def test_plane_flow_of_a_rank_one_network_is_its_flow():
    """In the plane of m and w_in the velocity is F(k) m - v w_in at k m + v w_in."""
    model = tbrnn.LowRankRNN(units=5, rank=1, inputs=1, outputs=1, input_bias=False)
    net = model.initial([3], dtype="float64")[0]
    directions = np.stack([net.m[:, 0], net.w_in[:, 0]])
    plane = pca(RNG.normal(0, 1, (40, 2)) @ directions)
    field = plane_flow(net, plane, (3.0, 0.5), points=9)
    assert (field.x[0], field.x[-1], field.y[-1]) == (-3.0, 3.0, 0.5)
    for row, y in enumerate(field.y):
        for column, x in enumerate(field.x):
            k, v = np.linalg.lstsq(directions.T, plane.lift([x, y]), rcond=None)[0]
            rates = np.tanh(k * net.m[:, 0] + v * net.w_in[:, 0])
            kappa_velocity = -k + net.n[:, 0] @ rates / 5
            expected = plane.turn(kappa_velocity * net.m[:, 0] - v * net.w_in[:, 0])
            assert_close(field.velocity[row, column], expected, "shifted sums")
    assert_close(flow(net, [[0.0]]), [[0.0]], "exact")


def test_plane_flow_of_units_with_leaks_of_their_own_is_the_way_states_go():
    alpha = np.linspace(0.1, 1, 5)
    model = tbrnn.RNN(units=5, inputs=2, outputs=1, alpha=alpha)
    net, plane = model.initial([2], dtype="float64")[0], pca(STATES)
    field, u = plane_flow(net, plane, (2.0, 1.0), points=4, inputs=[0.3, -0.5]), [[[0.3, -0.5]]]
    places = np.stack(np.meshgrid(field.x, field.y), axis=-1).reshape(-1, 2)
    after = net.simulate(np.repeat(u, 16, axis=0), plane.lift(places)).states[:, 0]
    moved = (plane.project(after) - places).reshape(4, 4, 2)
    assert_close(field.velocity * alpha.mean(), moved, "shifted sums")


def test_velocity_of_slow_networks_in_float32_is_that_of_their_weights():
    model = tbrnn.LowRankRNN(units=30, rank=1, inputs=1, outputs=1, alpha=1e-4)
    nets, states = model.initial([0, 1]), RNG.normal(0, 10, (4, 30))
    drive = np.einsum("eij,bj->ebi", tbrnn.connectivity.matrix(nets), np.tanh(states))
    expected = drive + nets.b_in[:, None] - states
    assert_close(velocity(nets, states), expected, "slow velocities")


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: pca(STATES[0, 0]), "states must be .*, two samples or more"),
        (lambda: pca(np.ones((4, 3))), "states must be not constant"),
        (lambda: pca(np.full((7, 3), 0.1)), "states must be not constant"),
        (lambda: pca(STATES).project(np.ones((4, 1))), "states must be .* 5 units, got shape"),
        (lambda: pca(STATES).turn(np.ones(4)), "vectors must be .* 5 units, got shape"),
        (lambda: pca(STATES).lift(np.ones(3)), "coordinates must be .* 2 components, got shape"),
        (lambda: pca(STATES, 6), "components must be a whole number from 1 to 5"),
        (lambda: velocity(ensemble(MODELS["both"]), np.ones(4)), r"states must be .* 5 units"),
        (
            lambda: velocity(ensemble(MODELS["both"]), np.ones(5), [1.0]),
            r"inputs must be \(2,\) numbers, got shape \(1,\)",
        ),
        (lambda: velocity(ensemble(MODELS["both"]), np.full(5, np.nan)), "states must be finite"),
        (
            lambda: velocity(ensemble(MODELS["both"]), np.ones(5), [1.0, np.inf]),
            r"inputs must be finite, got inf at \(1,\)",
        ),
        (lambda: pca(np.full((4, 3), np.nan)), r"states must be finite, got nan at \(0, 0\)"),
        (
            lambda: velocity(ensemble(MODELS["both"])[[]], np.ones(5)),
            "nets must be .* with members",
        ),
        (
            lambda: plane_flow(ensemble(MODELS["both"]), pca(STATES), (1.0, 1.0)),
            "net must be one network, as nets",
        ),
        (
            lambda: plane_flow(ensemble(MODELS["both"])[0], pca(STATES, 3), (1.0, 1.0)),
            "plane must be a PCA of 2 components, got 3",
        ),
        (
            lambda: plane_flow(ensemble(MODELS["both"])[0], pca(STATES), (1.0, 0.0)),
            r"extent\[1\] must be a finite number above 0",
        ),
        (
            lambda: plane_flow(ensemble(MODELS["both"])[0], pca(STATES), 3),
            "extent must be two numbers, half width and half height, got 3",
        ),
        (
            lambda: plane_flow(ensemble(MODELS["both"])[0], pca(STATES[..., :4]), (1.0, 1.0)),
            "plane must be a PCA of 5 units, got 4",
        ),
    ],
)
def test_errors(call, message):
    with pytest.raises(ValueError, match=message):
        call()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: velocity(MODELS["both"], np.ones(5)), "nets must be an Ensemble, .* got LowRankH"),
        (lambda: velocity(ensemble(MODELS["both"]), ["a"]), "states must be an array of real num"),
        (
            lambda: plane_flow(MODELS["both"], pca(STATES), (1.0, 1.0)),
            "net must be an Ensemble, .* got LowRankHORNN",
        ),
        (
            lambda: plane_flow(ensemble(MODELS["both"])[0], STATES, (1.0, 1.0)),
            r"plane must be a PCA, .*, got shape \(6, 7, 5\)",
        ),
        (lambda: pca([["a"], ["b"]]), "states must be an array of real numbers"),
    ],
)
def test_wrong_types(call, message):
    with pytest.raises(TypeError, match=message):
        call()
