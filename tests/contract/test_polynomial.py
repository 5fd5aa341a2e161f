"""Full three-body drives: the part of the tensor that acts, exact training of all of it, LINT."""

from dataclasses import replace

import numpy as np
import pytest

import tbrnn
from contract.agreement import (
    assert_forward_is_oracle,
    assert_gradient,
    assert_gradient_is_oracle,
    assert_same_training,
)
from contract.calls import (
    gradient,
    oracle_forward,
    oracle_gradient,
    oracle_train,
    simulate,
    train,
)
from contract.cases import FORMS, case
from contract.cases import KINDS as ALL
from reference import adam, network, schedules
from reference.lint import lint as oracle_lint
from tolerances import assert_close

KINDS = ("full three-body", "full hybrid", "full gated")
TENSOR = {"full three-body": "w_hh", "full hybrid": "w_hh_tbrnn", "full gated": "w_hh_tbrnn"}
RNG = np.random.default_rng(11)


@pytest.mark.parametrize("units", [1, 7, 30, 31])
@pytest.mark.parametrize("kind", KINDS)
def test_sizes(kind, units):
    """One pair; blocks of generated rows that are not full; several of them; vectors of units."""
    for trials, steps in ((1, 1), (33, 17), (64, 2)):
        for dtype in ("float32", "float64"):
            shape = {"units": units, "trials": trials, "steps": steps, "dtype": dtype}
            c = case(kind, initial=True, **shape)
            assert_forward_is_oracle(c)
            assert_gradient_is_oracle(c)


@pytest.mark.parametrize("kind", KINDS)
def test_a_large_network(kind):
    c = case(kind, units=128, trials=3, steps=3, dtype="float32", initial=True)
    assert_forward_is_oracle(c)
    assert_gradient_is_oracle(c)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("kind", KINDS)
def test_long_rollouts(kind, form):
    """Chunks of steps behind one another, the last one short."""
    assert_gradient(case(kind, form, units=4, trials=3, steps=37, initial=True))


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("kind", ALL)
def test_inputs_that_are_all_zero(kind, form):
    """They take a way of their own, and leave their weights without a gradient."""
    c = case(kind, form, trials=33, initial=True)
    parameters, data = c.parameters(), c.data()
    data["inputs"][:] = 0
    ours = simulate(c, parameters, data)
    for name, expected in oracle_forward(c, parameters[0], data).items():
        assert_close(ours[name][0], expected, "float64 values", name)
    loss, gradients = gradient(c, parameters, data)
    expected_loss, expected = oracle_gradient(c, parameters[0], data)
    assert_close(loss[0], expected_loss, "float64 values")
    for name, array in c.named(gradients[0]).items():
        assert_close(array, expected[name], "float64 gradients of an array", name)
    if kind != "hard-orth":
        arrays = c.named(gradients[0])
        assert not any(arrays[name].any() for name in arrays if name.startswith("w_i"))


@pytest.mark.parametrize("form", FORMS)
def test_only_the_symmetric_part_acts(form):
    model = tbrnn.TBRNN(units=6, inputs=2, outputs=3, form=form)
    nets = model.initial(range(2), dtype="float64")
    inputs = RNG.normal(0, 1, (4, 9, 2))
    turned = {**nets.arrays, "w_hh": nets.w_hh.swapaxes(-1, -2)}
    ours = nets.simulate(inputs).states
    theirs = tbrnn.Ensemble.from_arrays(model, turned).simulate(inputs).states
    assert np.array_equal(ours, theirs)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("model", [tbrnn.TBRNN, tbrnn.HORNN])
def test_published_tensors_come_back_bit_for_bit(model, dtype):
    nets = model(units=7, inputs=2, outputs=3).initial([5], dtype=dtype)
    arrays = nets[0].state_dict()
    again = model.from_state_dict(arrays)
    assert again.dtype == dtype
    for name, array in again[0].state_dict().items():
        assert np.array_equal(array, arrays[name])


@pytest.mark.parametrize("decay", [0.0, 0.1])
@pytest.mark.parametrize("clip", [None, 0.05])
@pytest.mark.parametrize("kind", KINDS)
def test_training_is_that_of_the_full_tensor(kind, clip, decay):
    """70 steps of Adam and AdamW, with norms that count both of W_ijk and W_ikj."""
    c = case(kind, units=7, trials=33, mask="entries")
    parameters, data = c.parameters(), c.data()
    options = {"epochs": 70, "decay": decay}
    result = train(c, parameters, data, lr=1e-2, clip=clip or 0.0, **options)
    lr = schedules.constant(1e-2)
    run = oracle_train(c, parameters[0], data, lr=lr, clip=clip, target_loss=0, **options)
    assert_same_training(c, result, 0, run)


@pytest.mark.parametrize("kind", KINDS)
def test_the_antisymmetric_part_stays(kind):
    c = case(kind, units=7, trials=33)
    parameters = c.parameters()
    result = train(c, parameters, c.data(), epochs=100, lr=1e-2)
    before, after = (c.named(block)[TENSOR[kind]] for block in (parameters[0], result["last"][0]))
    moved = after - before
    assert np.abs(moved).max() > 0.1
    assert_close(moved.swapaxes(1, 2), moved, "float64 values")


def masked(name, draw, **options):
    """A model with masks of which some keep both of W_ijk and W_ikj, some one, some none."""
    shapes = {"w_hh": 3} if name == "TBRNN" else {"w_hh_rnn": 2, "w_hh_tbrnn": 3}
    masks = {n: draw.random(axes * (6,)) < 0.6 for n, axes in shapes.items()}
    words = {n: n.replace("w_hh", "mask") for n in shapes}
    model = getattr(tbrnn, name)(
        units=6, inputs=2, outputs=3, **{words[n]: m for n, m in masks.items()}, **options
    )
    return model, masks


@pytest.mark.parametrize("decay", [None, 0.1])
@pytest.mark.parametrize("name", ["TBRNN", "HORNN"])
def test_asymmetric_masks(name, decay):
    model, masks = masked(name, np.random.default_rng(2), alpha=0.3)
    nets = model.initial([0], dtype="float64")
    for parameter, mask in masks.items():
        assert np.array_equal(nets.arrays[parameter][0] != 0, mask)
    data = {"inputs": RNG.normal(0, 1, (5, 8, 2)), "targets": RNG.normal(0, 1, (5, 8, 3))}
    optimizer = tbrnn.adamw(decay) if decay else None
    runs = tbrnn.fit(
        nets, tbrnn.Trials(**data), epochs=60, lr=1e-2, optimizer=optimizer, record_every=1
    )
    net = network.Network(name, alpha=0.3)
    p, norms = nets[0].arrays, []
    moments = adam.start(p)
    for _ in range(60):
        _, gradients = network.loss_and_gradient(net, p, **data)
        gradients |= {n: mask * gradients[n] for n, mask in masks.items()}
        norms.append(adam.norm(gradients))
        p, moments = adam.update(p, gradients, moments, 1e-2, decay or 0.0)
    assert_close(runs.history[0]["gradient_norm"][1:], norms, "training", "gradient norms")
    for parameter, array in runs.last[0].arrays.items():
        assert_close(array, p[parameter], "training", parameter)
        if parameter in masks:
            assert np.array_equal(array != 0, masks[parameter])


def test_masked_networks_in_files(tmp_path):
    for name in ("TBRNN", "HORNN"):
        model, _ = masked(name, np.random.default_rng(3))
        nets = model.initial([0, 1])
        nets.save(tmp_path / name)
        again = tbrnn.load(tmp_path / name)
        assert again.model == model
        assert all(np.array_equal(a, nets.arrays[n]) for n, a in again.arrays.items())


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("kind", KINDS)
def test_rectified_units_that_blow_up_diverge(kind, dtype):
    """Products of rates that are not bounded grow faster than exponentially."""
    c = case(kind, phi="relu", mode="discrete", trials=33, steps=40, dtype=dtype, initial=True)
    parameters, data = c.parameters(2), c.data()
    parameters[0], parameters[1] = 0.3 * parameters[0], 5 * np.abs(parameters[1])
    result = train(c, parameters, data, epochs=4, lr=1e-4)
    assert result["status"] == ["capped", "diverged"]
    assert np.array_equal(result["best"][1], parameters[1])


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("match", ["rates", "states"])
@pytest.mark.parametrize("name", ["TBRNN", "HORNN"])
def test_students_of_full_networks(name, match, form):
    model = getattr(tbrnn, name)(units=5, inputs=3, outputs=4, alpha=0.3, form=form)
    start = model.initial([3], dtype="float64")
    larger = {n: 5 * a if n.startswith("w_hh") else a for n, a in start.arrays.items()}
    nets = tbrnn.Ensemble.from_arrays(model, larger)
    inputs = RNG.normal(0, 1, (6, 7, 3))
    trials, epochs = tbrnn.Trials(inputs), 8
    runs = tbrnn.lint(
        nets, tbrnn.LowRankTBRNN, ranks=[2], trials=trials, match=match, epochs=epochs
    )
    student = replace(runs.best.model, outputs=5, readout="identity")
    first = student.initial(runs.seed, dtype="float64")
    shared = {"alpha": 0.3, "form": form}
    run = oracle_lint(
        network.Network("LowRankTBRNN", scale_three=1 / 25, **shared),
        {n: array[0] for n, array in first.arrays.items()},
        network.Network(name, **shared),
        nets[0].arrays,
        inputs,
        match,
        epochs=epochs,
        lr=schedules.constant(1e-2),
    )
    assert_close(runs.best_loss[0], run.best_loss, "training")
    for n, array in runs.best[0].arrays.items():
        assert_close(array, run.best[n], "training", n)
