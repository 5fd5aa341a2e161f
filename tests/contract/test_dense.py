"""Networks of full rank: the packed product at every remainder, divergence, bits of threads."""

from dataclasses import replace

import numpy as np
import pytest

import tbrnn
from contract.agreement import (
    assert_forward_is_oracle,
    assert_gradient,
    assert_gradient_is_oracle,
)
from contract.calls import gradient, simulate, train
from contract.cases import FORMS, MATCHES, case
from tolerances import assert_close

# around panels of 12 rows and vectors of 4 to 16 lanes
UNITS = (1, 2, 3, 7, 11, 12, 13, 15, 16, 17, 23, 24, 25, 31, 32, 33, 36, 37, 63, 64, 65, 97)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("units", UNITS)
def test_units(units, dtype):
    for form in FORMS:
        c = case("full", form, units=units, trials=33, steps=4, initial=True, dtype=dtype)
        assert_forward_is_oracle(c)
        assert_gradient_is_oracle(c)


@pytest.mark.parametrize("form", FORMS)
def test_one_unit_one_trial_one_step(form):
    for match in MATCHES:
        c = case("full", form, units=1, inputs=1, outputs=1, trials=1, steps=1, match=match)
        assert_gradient(c)


@pytest.mark.parametrize("identity_readout", [False, True])
@pytest.mark.parametrize("form", FORMS)
def test_steps_around_chunks(form, identity_readout):
    for steps in (15, 16, 17, 32, 33):
        assert_gradient_is_oracle(
            case("full", form, steps=steps, identity_readout=identity_readout)
        )


@pytest.mark.parametrize("form", FORMS)
def test_threads_and_company_do_not_change_a_bit(form):
    c = case("full", form, units=37, trials=70, dtype="float32")
    parameters, data = c.parameters(3), c.data()
    losses, one = gradient(c, parameters, data, sigma=0.1)
    for threads in (2, 5):
        again, more = gradient(c, parameters, data, sigma=0.1, threads=threads)
        assert np.array_equal(losses, again)
        assert np.array_equal(one, more)
    _, alone = gradient(c, parameters[:1], data, sigma=0.1)
    assert np.array_equal(alone[0], one[0])
    runs = [train(c, parameters, data, epochs=5, threads=threads) for threads in (1, 2, 5)]
    for run in runs[1:]:
        assert np.array_equal(run["last"], runs[0]["last"])


def test_entry_ij_is_from_j_to_i():
    model = tbrnn.RNN(units=3, inputs=1, outputs=1, alpha=1.0, phi="identity", input_bias=False)
    arrays = {name: np.zeros(shape) for name, shape in model.spec.fields}
    arrays["w_hh"][2, 0] = 5.0
    net = tbrnn.Ensemble.from_arrays(model, {name: a[None] for name, a in arrays.items()})
    states = net.simulate(np.zeros((1, 1, 1)), initial_states=np.array([[1.0, 0.0, 0.0]])).states
    assert np.array_equal(states[0, 0, 0], [0.0, 0.0, 5.0])


def test_an_exploding_network_ends_as_diverged():
    model = tbrnn.RNN(units=20, inputs=1, outputs=1, phi="relu")
    nets = model.initial([0, 1])
    wild = {**nets.arrays, "w_hh": np.stack([nets.w_hh[0], 1e3 * np.abs(nets.w_hh[1])])}
    trials = tbrnn.Trials(np.ones((4, 60, 1)), np.zeros((4, 60, 1)))
    runs = tbrnn.fit(tbrnn.Ensemble.from_arrays(model, wild), trials, epochs=3, stall=None)
    assert list(runs.status) == ["capped", "diverged"]
    assert np.array_equal(runs.last[1].w_hh, wild["w_hh"][1])


def test_no_drive_is_no_company():
    """With w_hh = 0 the units are as they are without a recurrence."""
    c = case("full", units=9)
    still = case("two-body", units=9, ranks=(1, 1))
    parameters, data = c.parameters(), c.data()
    parameters[:, : 9 * 9] = 0
    alone = np.concatenate([np.zeros((1, 18)), parameters[:, 81:]], axis=1)
    assert np.array_equal(
        simulate(c, parameters, data)["states"], simulate(still, alone, data)["states"]
    )


LOW_RANK = ("two-body", "three-body", "hard-orth", "hybrid", "gated")


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("kind", LOW_RANK)
def test_bulk(kind, form):
    for match in MATCHES:
        for identity_readout in (False, True):
            c = case(
                kind, form, bulk=True, match=match, identity_readout=identity_readout, initial=True
            )
            assert_forward_is_oracle(c)
            assert_gradient(c)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("units", [5, 12, 25, 97])
def test_bulk_of_units(units, dtype):
    for form in FORMS:
        c = case("two-body", form, bulk=True, units=units, trials=33, steps=20, dtype=dtype)
        assert_forward_is_oracle(c)
        assert_gradient_is_oracle(c)


def test_a_bulk_of_zeros_is_no_bulk():
    c = case("hybrid", units=9)
    still = replace(c, net=replace(c.net, bulk=np.zeros((9, 9))))
    parameters, data = c.parameters(2), c.data()
    ours, theirs = (gradient(one, parameters, data) for one in (still, c))
    assert_close(ours[0], theirs[0], "float64 values")
    assert_close(ours[1], theirs[1], "float64 gradients")


def test_bulk_from_a_seed():
    sizes = {"units": 400, "rank": 1, "inputs": 1, "outputs": 1}
    model = tbrnn.LowRankRNN(bulk=(0.8, 3), **sizes)
    bulk = np.asarray(model.bulk)
    rng = np.random.Generator(np.random.Philox(np.random.SeedSequence((3,))))
    assert np.array_equal(bulk, 0.8 / np.sqrt(400) * rng.standard_normal((400, 400)))
    assert np.abs(np.linalg.eigvals(bulk)).max() == pytest.approx(0.8, rel=0.05)
    assert model == tbrnn.LowRankRNN(bulk=bulk, **sizes)
    assert hash(model) == hash(tbrnn.LowRankRNN(bulk=bulk, **sizes))
    assert model != tbrnn.LowRankRNN(bulk=(0.8, 4), **sizes)
    assert model != tbrnn.LowRankRNN(**sizes)


def test_training_leaves_the_bulk_and_saves_it(tmp_path):
    model = tbrnn.LowRankRNN(units=30, rank=1, inputs=1, outputs=1, bulk=(0.8, 3))
    trials = tbrnn.Trials(np.ones((4, 20, 1)), np.ones((4, 20, 1)))
    runs = tbrnn.fit(model, trials, members=2, epochs=5)
    assert runs.best.model == model
    runs.best.save(tmp_path / "nets.safetensors")
    again = tbrnn.load(tmp_path / "nets.safetensors")
    assert again.model == model
    assert np.array_equal(again.simulate(trials).states, runs.best.simulate(trials).states)


def test_five_thousand_units():
    model = tbrnn.LowRankRNN(units=5000, rank=1, inputs=1, outputs=1, bulk=(0.8, 3), alpha=0.5)
    nets = model.initial([0], dtype="float64")
    p, x = nets[0].arrays, np.zeros((2, 5000))
    inputs = np.random.default_rng(0).normal(0, 1, (2, 3, 1))
    for t in range(3):
        r = np.tanh(x)
        drive = r @ np.asarray(model.bulk).T + (r @ p["n"]) @ p["m"].T / 5000
        x = x + 0.5 * (-x + drive + inputs[:, t] @ p["w_in"].T + p["b_in"])
    states = nets.simulate(inputs, rates=False, outputs=False).states
    assert_close(states[0, :, -1], x, "float64 values")


def test_what_is_masked_stays_zero(tmp_path):
    mask = np.random.default_rng(2).random((6, 6)) < 0.5
    model = tbrnn.RNN(units=6, inputs=1, outputs=1, mask=mask)
    free = replace(model, mask=None)
    nets, loose = model.initial([4], dtype="float64"), free.initial([4], dtype="float64")
    assert np.array_equal(nets.w_hh, loose.w_hh * mask)
    trials = tbrnn.Trials(np.ones((4, 20, 1)), np.ones((4, 20, 1)))
    same = tbrnn.Ensemble.from_arrays(free, nets.arrays)
    ours, all_of_it = (tbrnn.gradient(n, trials)[1]["w_hh"] for n in (nets, same))
    assert np.array_equal(ours, all_of_it * mask)
    assert (all_of_it != 0).all()
    runs = tbrnn.fit(nets, trials, epochs=20, target_loss=None, stall=None)
    assert (runs.last.w_hh[0][~mask] == 0).all()
    assert (runs.last.w_hh[0][mask] != nets.w_hh[0][mask]).all()
    runs.last.save(tmp_path / "nets.safetensors")
    assert tbrnn.load(tmp_path / "nets.safetensors").model == model


def test_dales_law_holds_through_a_training():
    model = tbrnn.EIRNN(units=20, inputs=3, outputs=1, excitatory=0.7)
    inputs = np.random.default_rng(0).normal(0, 3, (4, 20, 3))  # no unit stays silent
    trials = tbrnn.Trials(inputs, np.ones((4, 20, 1)))
    nets = model.initial([0, 1])
    runs = tbrnn.fit(nets, trials, epochs=50, lr=3e-2, target_loss=None, stall=None)
    start, end = nets.w_hh, runs.last.w_hh
    weights = tbrnn.connectivity.matrix(runs.last)
    assert (weights[:, :, :14] >= 0).all()
    assert (weights[:, :, 14:] <= 0).all()
    assert not np.diagonal(weights, axis1=1, axis2=2).any()
    off = ~np.eye(20, dtype=bool)
    assert 0.4 < np.mean(start[:, off] == 0) < 0.6
    assert np.array_equal(end[:, off] == 0, start[:, off] == 0)
    assert (end[:, off] != start[:, off]).sum() > 300


def test_lint_of_a_network_of_full_rank():
    teacher = tbrnn.RNN(units=6, inputs=2, outputs=1, alpha=1.0, form="voltage").initial([0, 1])
    trials = tbrnn.Trials(np.random.default_rng(0).normal(0, 1, (5, 8, 2)))
    runs = tbrnn.lint(teacher, tbrnn.LowRankRNN, ranks=[1, 2], trials=trials, epochs=3)
    assert runs.teacher.tolist() == [0, 0, 1, 1]
    for student in runs.best.models:
        assert (student.scale, student.alpha, student.form) == (1.0, 1.0, "voltage")
    assert np.array_equal(runs.best[0].w_out, teacher[0].w_out)
    leaky = tbrnn.RNN(units=6, inputs=2, outputs=1).initial([0])
    students = tbrnn.lint(leaky, tbrnn.LowRankTBRNN, ranks=[1], trials=trials, epochs=3)
    assert students.best.model.scale is None


def test_options_that_are_off_say_nothing():
    """So that a network has the id it had before there was the option."""
    model = tbrnn.LowRankRNN(units=5, rank=1, inputs=1, outputs=1)
    assert "bulk" not in model.described
    assert set(replace(model, bulk=(0.5, 0)).described) == {*model.described, "bulk"}
