"""The engine agrees with the oracle, and with central differences of its own loss."""

import numpy as np

from contract.calls import gradient, oracle_forward, oracle_gradient, simulate
from tolerances import assert_close


def assert_forward_is_oracle(c):
    parameters, data = c.parameters(members=2), c.data()
    ours = simulate(c, parameters, data)
    for member, flat in enumerate(parameters):
        for name, expected in oracle_forward(c, flat, data).items():
            assert ours[name].dtype == c.dtype
            assert_close(ours[name][member], expected, f"{c.dtype} values", name)


def assert_gradient_is_oracle(c):
    parameters, data = c.parameters(members=2), c.data()
    losses, gradients = gradient(c, parameters, data)
    for flat, loss, ours in zip(parameters, losses, gradients, strict=True):
        expected_loss, expected = oracle_gradient(c, flat, data)
        assert_close(loss, expected_loss, f"{c.dtype} values", "loss")
        whole = np.concatenate([np.ravel(expected[field]) for field, _ in c.fields])
        assert_close(ours, whole, f"{c.dtype} gradients")
        for field, array in c.named(ours).items():
            assert_close(array, expected[field], f"{c.dtype} gradients of an array", field)


def assert_gradient_is_central_difference(c, h=1e-5):
    """Every perturbed network is a member of one ensemble."""
    p, data = c.parameters()[0], c.data()
    steps = h * np.eye(c.size)
    losses, _ = gradient(c, np.concatenate([p + steps, p - steps]), data)
    central = (losses[: c.size] - losses[c.size :]) / (2 * h)
    _, ours = gradient(c, p[None], data)
    assert_close(central, ours[0], "central differences")


def assert_gradient(c):
    assert_gradient_is_oracle(c)
    assert_gradient_is_central_difference(c)


def assert_same_training(c, result, member, run):
    history = result["history"][member]
    assert result["status"][member] == run.status
    assert result["epochs"][member] == run.epochs
    assert result["best_epoch"][member] == run.best_epoch
    assert np.array_equal(history[:, 0], [-1, *run.looks])
    assert_close(history[:, 1], [run.before, *run.losses], "training", "losses")
    assert_close(history[1:, 3], np.array(run.norms)[run.looks], "training", "gradient norms")
    assert_close(result["best_loss"][member], run.best_loss, "training", "best loss")
    assert_close(result["last_loss"][member], run.losses[-1], "training", "last loss")
    for which in ("best", "last"):
        for name, array in c.named(result[which][member]).items():
            assert_close(array, getattr(run, which)[name], "training", f"{which} {name}")
    if run.status == "diverged":
        return
    for place, which in enumerate(("m", "v")):
        for name, array in c.named(result[which][member]).items():
            assert_close(array, run.moments[name][place], "training", f"{which} of {name}")
    assert result["steps"][member].tolist() == [run.moments[name][2] for name, _ in c.fields]
