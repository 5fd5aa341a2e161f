"""Calls of the engine on a case, and the same of the oracle."""

import numpy as np

from reference import network as oracle
from reference import training
from tbrnn import _core


def as_list(value):
    return value if isinstance(value, list) else [value]


def per_member(members, sigma, keys, input_sigma):
    keys = np.arange(1, members + 1) if keys is None else keys
    return {
        "sigma": np.broadcast_to(np.asarray(sigma, np.float64), members).copy(),
        "input_sigma": np.broadcast_to(np.asarray(input_sigma, np.float64), members).copy(),
        "keys": np.asarray(keys, np.uint64),
    }


def simulate(
    case,
    parameters,
    data,
    *,
    which=None,
    sigma=0.0,
    input_sigma=0.0,
    keys=None,
    epoch=0,
    threads=1,
):
    """data: one dictionary of arrays or a list of them, `which` each member's index into it."""
    datasets = [_core.Dataset(**arrays) for arrays in as_list(data)]
    members = len(parameters)
    return _core.simulate(
        case.spec,
        parameters,
        datasets,
        np.zeros(members, np.int32) if which is None else np.asarray(which, np.int32),
        **per_member(members, sigma, keys, input_sigma),
        epoch=epoch,
        threads=threads,
        states=True,
        rates=True,
        outputs=True,
    )


def gradient(
    case,
    parameters,
    data,
    *,
    which=None,
    sigma=0.0,
    input_sigma=0.0,
    keys=None,
    epoch=0,
    threads=1,
):
    datasets = [_core.Dataset(**arrays) for arrays in as_list(data)]
    members = len(parameters)
    return _core.gradient(
        case.spec,
        parameters,
        datasets,
        np.zeros(members, np.int32) if which is None else np.asarray(which, np.int32),
        match=case.match,
        loss=case.loss,
        **per_member(members, sigma, keys, input_sigma),
        epoch=epoch,
        threads=threads,
    )


def exact(data):
    """The same numbers in float64, for the oracle."""
    return {name: np.asarray(array, np.float64) for name, array in data.items()}


def oracle_forward(case, flat, data, noise=None):
    p, data = case.named(flat), exact(data)
    states = oracle.rollout(case.net, p, data["inputs"], data.get("initial_states"), noise)
    return {
        "states": states,
        "rates": oracle.rates(case.net, states),
        "outputs": oracle.readout(case.net, p, states),
    }


def oracle_gradient(case, flat, data, noise=None):
    return oracle.loss_and_gradient(
        case.net,
        case.named(flat),
        **exact(data),
        noise=noise,
        match=case.match,
        loss=case.loss,
    )


WHOLE = ("lr_ramp", "lr_epochs", "epochs", "batch", "evaluate_every", "stall_window")
WHOLE += ("patience_epochs", "guard_back", "guard_most")
RAMPS = ("linear", "cosine")


def add(
    trainer,
    case,
    parameters,
    data,
    *,
    which=None,
    keys=None,
    record_every=1,
    validation=(),
    trained=None,
    optimizer=None,
    **options,
):
    """One cohort; an option is one value or one per member.

    lr may be (first, last, epochs) or (first, last, epochs, ramp); trained holds names of arrays,
    validation one dictionary of arrays that all members share.
    """
    members = len(parameters)
    defaults = {"sigma": 0.0, "lr": 1e-2, "epochs": 10, "target_loss": 0.0, "stall": (0, 0.0)}
    options = defaults | options
    lr, stall = options.pop("lr"), options.pop("stall")
    first, last, length, *ramp = lr if isinstance(lr, tuple) else (lr, lr, 1)
    options |= {"lr_first": first, "lr_last": last, "lr_epochs": length}
    options |= {"lr_ramp": RAMPS.index(*ramp)} if ramp else {}
    options |= {"stall_window": stall[0], "stall_improvement": stall[1]}
    arrays = {
        name: np.full(members, value, np.int64 if name in WHOLE else np.float64)
        if np.ndim(value) == 0
        else np.asarray(value, np.int64 if name in WHOLE else np.float64)
        for name, value in options.items()
    }
    trainer.add(
        case.spec,
        parameters,
        [_core.Dataset(**arrays) for arrays in as_list(data)],
        np.zeros(members, np.int32) if which is None else np.asarray(which, np.int32),
        match=case.match,
        loss=case.loss,
        keys=np.asarray(np.arange(1, members + 1) if keys is None else keys, np.uint64),
        record_every=record_every,
        validation=[_core.Dataset(**validation)] if validation else [],
        validation_dataset=np.zeros(members, np.int32),
        trained=trained and np.array([name in trained for name, _ in case.fields]),
        optimizer=optimizer,
        **arrays,
    )


def train(case, parameters, data, *, threads=1, **options):
    """Train one cohort to its end."""
    trainer = _core.Trainer(threads)
    add(trainer, case, parameters, data, **options)
    while trainer.run(1.0):
        pass
    return trainer.result(0)


def same_run(a, b):
    """A member of one result is the member of another."""
    for name, value in a.items():
        for ours, theirs in zip(value, b[name], strict=True):
            assert np.array_equal(ours, theirs, equal_nan=name in ("history", "statistics")), name


def choose(result, members):
    return {
        name: value[members] if isinstance(value, np.ndarray) else [value[i] for i in members]
        for name, value in result.items()
    }


def oracle_train(c, flat, data, **options):
    shared = {"match": c.match, "loss": c.loss}
    return training.train(c.net, c.named(flat), exact(data), **shared, **options)
