"""Bit for bit: any number of threads, any company in the ensemble, any order of the members."""

import numpy as np
import pytest

from contract.calls import choose, gradient, same_run, simulate, train
from contract.cases import KINDS, MATCHES, case

THREADS = (2, 5)
# few members share their trials' tiles between threads, many members are queued
MEMBERS = (1, 2, 3, 23)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("trials", [6, 33, 70, 128])
@pytest.mark.parametrize("members", MEMBERS)
def test_gradient_of_any_number_of_threads(members, trials, dtype):
    for kind in KINDS:
        for match in MATCHES:
            c = case(kind, trials=trials, match=match, mask="entries", dtype=dtype)
            parameters, data = c.parameters(members), c.data()
            loss, ours = gradient(c, parameters, data, sigma=0.1)
            for threads in THREADS:
                again, theirs = gradient(c, parameters, data, sigma=0.1, threads=threads)
                assert np.array_equal(loss, again)
                assert np.array_equal(ours, theirs)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("members", MEMBERS)
def test_simulation_of_any_number_of_threads(members, dtype):
    c = case("hybrid", trials=70, dtype=dtype)
    parameters, data = c.parameters(members), c.data()
    ours = simulate(c, parameters, data, sigma=0.1)
    for threads in THREADS:
        theirs = simulate(c, parameters, data, sigma=0.1, threads=threads)
        assert all(np.array_equal(ours[name], theirs[name]) for name in ours)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("kind", KINDS)
def test_gradient_alone_and_in_company(kind, dtype):
    c = case(kind, trials=70, dtype=dtype)
    parameters, data, keys = c.parameters(7), c.data(), np.arange(10, 17)
    loss, together = gradient(c, parameters, data, sigma=0.1, keys=keys, threads=2)
    for i in range(7):
        one, alone = gradient(c, parameters[[i]], data, sigma=0.1, keys=keys[[i]])
        assert loss[i] == one[0]
        assert np.array_equal(together[i], alone[0])


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("members", MEMBERS)
@pytest.mark.parametrize("sigma", [0.0, 0.1])
def test_training_of_any_number_of_threads(members, sigma, dtype):
    for kind in ("three-body", "gated"):
        c = case(kind, trials=70, dtype=dtype)
        options = {"epochs": 12 + np.arange(members), "sigma": sigma}
        runs = [
            train(c, c.parameters(members), c.data(), threads=threads, **options)
            for threads in (1, *THREADS)
        ]
        same_run(runs[0], runs[1])
        same_run(runs[0], runs[2])


STEPS = {
    "batches": {"batch": 13, "sigma": 0.1},
    "batches, clip, decay": {"batch": 40, "clip": 0.1, "decay": 0.1},
    "validation": {"validation": case(trials=40, steps=9, dtype="float32").data(3)},
    "batches, validation": {
        "batch": 20,
        "evaluate_every": 2,
        "validation": case(trials=100, dtype="float32").data(3),
    },
}


@pytest.mark.parametrize("members", MEMBERS)
@pytest.mark.parametrize("name", STEPS)
def test_steps_of_any_number_of_threads(name, members):
    c = case(trials=70, mask="entries", dtype="float32")
    options = {"epochs": 9 + np.arange(members), "keys": np.arange(members), **STEPS[name]}
    runs = [
        train(c, c.parameters(members), c.data(), threads=threads, **options)
        for threads in (1, *THREADS)
    ]
    same_run(runs[0], runs[1])
    same_run(runs[0], runs[2])
    for i in range(0, members, 5):
        own = options | {"epochs": 9 + i, "keys": [i]}
        same_run(choose(runs[0], [i]), train(c, c.parameters(members)[[i]], c.data(), **own))


@pytest.mark.parametrize("match", MATCHES)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("kind", KINDS)
def test_training_alone_and_in_company(kind, dtype, match):
    """Members differ in data set, key, noise, learning rate, schedule, epochs and stopping."""
    c = case(kind, trials=33, dtype=dtype, match=match)
    members = 6
    each = np.arange(members)
    options = {
        "which": each % 2,
        "keys": 100 + each,
        "sigma": 0.02 * (each % 3),
        "epochs": 5 + each,
        "lr": (1e-2 * (1 + each), 1e-3 * (1 + each), 3 + each),
        "target_loss": 0.1 * (each % 2),
        "stall": (2 + each % 2, 1e-5 * each),
    }
    parameters, data = c.parameters(members), [c.data(0), c.data(1)]
    together = train(c, parameters, data, threads=2, **options)
    for i in each:
        own = {
            name: tuple(np.asarray(v)[[i]] for v in value)
            if isinstance(value, tuple)
            else value[[i]]
            for name, value in options.items()
        }
        alone = train(c, parameters[[i]], data, **own)
        same_run(choose(together, [i]), alone)


def test_order_of_members_does_not_matter():
    c = case(trials=33, dtype="float32")
    parameters, data, order = c.parameters(5), c.data(), [3, 0, 4, 2, 1]
    options = {"sigma": 0.1, "epochs": 8}
    straight = train(c, parameters, data, keys=np.arange(5), **options)
    shuffled = train(c, parameters[order], data, keys=np.arange(5)[order], **options)
    same_run(choose(straight, order), shuffled)
