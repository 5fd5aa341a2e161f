"""The losses beside the squared error: oracle, central differences, mistakes, a training."""

import numpy as np
import pytest

import tbrnn
from contract.agreement import assert_gradient, assert_gradient_is_oracle
from contract.calls import gradient
from contract.cases import FORMS, KINDS, case
from tolerances import assert_close

LOSSES = ("cross_entropy", "logistic")


MASKS = [(loss, mask) for loss in LOSSES for mask in (None, "trial and time")]


@pytest.mark.parametrize("identity_readout", [False, True])
@pytest.mark.parametrize(("loss", "mask"), [*MASKS, ("logistic", "entries")])
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("kind", KINDS)
def test_gradient(kind, form, loss, mask, identity_readout):
    shared = {"loss": loss, "mask": mask, "identity_readout": identity_readout}
    assert_gradient(case(kind, form, phi_out="identity", **shared))
    shape = {"units": 7, "trials": 33, "steps": 5, "dtype": "float32"}
    assert_gradient_is_oracle(case(kind, form, **shared, **shape))


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize(("trials", "steps", "outputs"), [(1, 1, 1), (31, 2, 2), (70, 1, 5)])
def test_sizes(loss, trials, steps, outputs):
    shape = {"trials": trials, "steps": steps, "outputs": outputs}
    assert_gradient_is_oracle(case(loss=loss, **shape))


def test_large_outputs_stay_finite():
    """log(1 + e^1000) and softmax of (1000, -1000, ...) neither overflow nor lose the loss."""
    for loss in LOSSES:
        for dtype in ("float32", "float64"):
            c = case("two-body", loss=loss, dtype=dtype)
            p = c.parameters()
            p[0, -c.outputs :] = 1000 * (-1.0) ** np.arange(c.outputs)  # b_out
            value, ours = gradient(c, p, c.data())
            assert 100 < value[0] < 2000
            assert np.isfinite(ours).all()


def test_uniform_guess_has_the_entropy():
    model = tbrnn.LowRankRNN(units=5, rank=1, inputs=1, outputs=3, output_bias=False)
    arrays = model.initial([0], dtype="float64").arrays
    nets = tbrnn.Ensemble.from_arrays(model, arrays | {"w_out": np.zeros((1, 3, 5))})
    trials = tbrnn.Trials(np.ones((4, 6, 1)), np.eye(3)[np.zeros((4, 6), int)])
    for loss, expected in (("cross_entropy", np.log(3)), ("logistic", np.log(2))):
        losses, _ = tbrnn.gradient(nets, trials, loss=loss)
        assert_close(losses[0], expected, "float64 values")


def decision(seed):
    """Which of two noisy channels was larger: classes at every step of the second half."""
    rng = np.random.default_rng(seed)
    inputs = rng.normal(0, 0.5, (64, 20, 2)) + rng.choice([-0.5, 0.5], (64, 1, 2))
    better = (inputs[..., 0].mean(axis=1) > inputs[..., 1].mean(axis=1)).astype(int)
    mask = np.zeros((64, 20))
    mask[:, 10:] = 1
    return inputs, np.repeat(np.eye(2)[better][:, None], 20, axis=1), mask


@pytest.mark.parametrize("loss", LOSSES)
def test_networks_learn_to_classify(loss):
    trials = tbrnn.Trials(*decision(0))
    model = tbrnn.LowRankRNN(units=20, rank=1, inputs=2, outputs=2)
    runs = tbrnn.fit(model, trials, members=2, seed=0, epochs=300, lr=1e-2, loss=loss, stall=None)
    assert (runs.best_loss < 0.35).all()  # guessing gives log 2 = 0.69
    losses, _ = tbrnn.gradient(runs.best, trials, loss=loss)
    assert_close(losses, runs.best_loss, "float32 values")


TARGETS = np.eye(2)[np.zeros((3, 4), int)]


@pytest.mark.parametrize(
    ("options", "targets", "mask", "message"),
    [
        ({"loss": "hinge"}, TARGETS, None, "loss must be one of 'mse', .*, got 'hinge'"),
        (
            {"loss": "logistic", "match": "rates"},
            np.ones((3, 4, 5)),
            None,
            "loss must be 'mse' with match='rates', got 'logistic'",
        ),
        ({"loss": "logistic"}, 2 * TARGETS, None, "targets must be from 0 to 1 for loss"),
        ({"loss": "cross_entropy"}, 0 * TARGETS, None, "targets must be probabilities whose sum"),
        (
            {"loss": "cross_entropy"},
            TARGETS,
            np.ones((3, 4, 2)),
            r"mask must be one value per trial and time .*, got shape \(3, 4, 2\)",
        ),
    ],
)
def test_mistakes(options, targets, mask, message):
    nets = tbrnn.LowRankRNN(units=5, rank=1, inputs=1, outputs=2).initial([0])
    trials = tbrnn.Trials(np.ones((3, 4, 1)), targets, mask=mask)
    with pytest.raises(ValueError, match=message):
        tbrnn.gradient(nets, trials, **options)
    with pytest.raises(ValueError, match=message):
        tbrnn.fit(nets, trials, epochs=1, **options)
    if "match" not in options:
        good = tbrnn.Trials(np.ones((3, 4, 1)), TARGETS)
        with pytest.raises(ValueError, match=message.replace(" must", ".* must")):
            tbrnn.fit(nets, good, validation=trials, epochs=1, **options)


def test_hidden_targets_may_be_anything():
    targets, mask = TARGETS.copy(), np.ones((3, 4))
    targets[0, 0], mask[0, 0] = np.nan, 0
    trials = tbrnn.Trials(np.ones((3, 4, 1)), targets, mask=mask)
    nets = tbrnn.LowRankRNN(units=5, rank=1, inputs=1, outputs=2).initial([0])
    for loss in LOSSES:
        value, gradients = tbrnn.gradient(nets, trials, loss=loss)
        assert np.isfinite(value).all()
        assert np.isfinite(gradients["m"]).all()
