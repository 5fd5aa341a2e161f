"""The oracle itself: golden arrays, directional derivatives, known answers. No engine."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from reference import noise, schedules, training
from reference.network import Network, loss_and_gradient, readout, rollout
from reference.nonlinearities import SLOPE, VALUE
from reference.published import parameters, synthetic_network, trace_network
from tolerances import assert_close

FOLDER = Path(__file__).parents[1] / "golden"
GOLDEN = dict(np.load(FOLDER / "low_rank.npz")) | dict(np.load(FOLDER / "gated.npz"))
CONFIGURATIONS = sorted({"/".join(k.split("/")[1:4]) for k in GOLDEN if "/param/" in k})
TRACES = sorted({k.split("/")[1] for k in GOLDEN if k.startswith("trace/")})


@pytest.mark.parametrize("configuration", CONFIGURATIONS)
def test_golden_forward_and_gradient(configuration):
    here = f"synthetic/{configuration}/"
    net, p = synthetic_network(configuration), parameters(GOLDEN, here + "param/")
    inputs, targets, start = (GOLDEN["synthetic/" + name] for name in ("input", "target", "x0"))
    states = rollout(net, p, inputs, start)
    assert_close(states, GOLDEN[here + "traj"], "golden values")
    assert_close(readout(net, p, states), GOLDEN[here + "output"], "golden values")
    loss, gradients = loss_and_gradient(net, p, inputs, targets, initial_states=start)
    assert_close(loss, GOLDEN[here + "loss"], "golden values")
    for name, expected in parameters(GOLDEN, here + "grad/").items():
        assert_close(gradients[name], expected, "golden values", name)


@pytest.mark.parametrize("tag", TRACES)
def test_golden_training(tag):
    here = f"trace/{tag}/"
    start = parameters(GOLDEN, here + "init/")
    epochs, first, last, total, _ = GOLDEN[here + "hyper_epochs_lr0_lr1_total_clip"]
    run = training.train(
        trace_network(tag, start),
        start,
        {"inputs": GOLDEN[here + "input"], "targets": GOLDEN[here + "target"]},
        epochs=int(epochs),
        lr=schedules.linear(first, last, total),
        target_loss=0,
    )
    assert_close(run.before, GOLDEN[here + "loss_before_training"], "golden trace float64")
    assert_close(run.losses, GOLDEN[here + "loss_after_epoch"], "golden trace float64")
    for name, expected in parameters(GOLDEN, here + "final/").items():
        assert_close(run.last[name], expected, "golden trace float64", name)


@pytest.mark.parametrize("name", sorted(VALUE))
def test_slopes(name):
    x, h = np.linspace(-3.1, 3, 50), 1e-6
    central = (VALUE[name](x + h) - VALUE[name](x - h)) / (2 * h)
    assert_close(SLOPE[name](VALUE[name](x)), central, "central differences")


@pytest.mark.parametrize("match", ["outputs", "rates", "states"])
@pytest.mark.parametrize("phi_out", sorted(VALUE))
@pytest.mark.parametrize("form", ["rate", "voltage"])
@pytest.mark.parametrize("hard_orth", [False, True])
@pytest.mark.parametrize("own_leak", [False, True])
def test_directional_derivative(own_leak, hard_orth, form, phi_out, match):
    rng = np.random.default_rng(5)
    options = {"form": form, "phi": "softplus", "phi_out": phi_out, "hard_orth": hard_orth}
    leaks = {"alpha": (0.1, 0.2, 0.3, 0.4, 0.5), "cubic": 0.1} if own_leak else {"alpha": 0.3}
    net = Network("LowRankTBRNN", **leaks, **options)
    shapes = {"l": (5, 2), "m": (5, 2), "n": (5, 2), "w_in": (5, 3), "b_in": (5,)}
    shapes |= {"w_out": (4, 5), "b_out": (4,)}
    p = {name: rng.normal(0, 0.4, shape) for name, shape in shapes.items()}
    along = {name: rng.normal(0, 1, shape) for name, shape in shapes.items()}
    targets = rng.normal(0, 1, (6, 7, 4 if match == "outputs" else 5))
    data = (rng.normal(0, 1, (6, 7, 3)), targets, rng.random((6, 7, 1)) < 0.8)

    def loss(h):
        moved = {name: p[name] + h * along[name] for name in p}
        return loss_and_gradient(net, moved, *data, match=match)[0]

    gradients = loss_and_gradient(net, p, *data, match=match)[1]
    slope = sum(np.sum(gradients[name] * along[name]) for name in p)
    assert_close((loss(1e-5) - loss(-1e-5)) / 2e-5, slope, "central differences")


def test_published_discrete_mode_is_alpha_one():
    rng = np.random.default_rng(6)
    net = Network("LowRankRNN", alpha=1.0, form="voltage")
    p = {name: rng.normal(0, 0.4, (5, 3)) for name in ("m", "n", "w_in")}
    inputs = rng.normal(0, 1, (6, 2, 3))
    states = rollout(net, p, inputs)
    by_hand = np.tanh(states[:, 0] @ p["n"] @ p["m"].T + inputs[:, 1] @ p["w_in"].T)
    assert_close(states[:, 1], by_hand, "float64 values")
    leaky = rollout(replace(net, alpha=0.5), p, inputs)
    assert np.max(np.abs(leaky - states)) > 0.1


@pytest.mark.parametrize("line", noise.KNOWN_ANSWERS)
def test_philox_known_answers(line):
    counter, key, words = noise.known_answer(line)
    assert noise.philox(counter, key) == words


def test_normals_are_standard():
    xi = noise.normals(key=2**40 + 3, epoch=1, step=2, trials=500, units=19)
    n = xi.size
    assert abs(xi.mean()) < 4 / np.sqrt(n)
    assert abs(xi.var() - 1) < 4 * np.sqrt(2 / n)
    assert abs(np.mean(xi**3)) < 4 * np.sqrt(15 / n)
    assert abs(np.mean(xi**4) - 3) < 4 * np.sqrt(96 / n)
