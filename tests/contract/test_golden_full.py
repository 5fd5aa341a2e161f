"""Networks of full rank against numbers of the published model code; the oracle too."""

import pytest

import tbrnn
from contract.test_golden import below, gradients_by_published_name
from reference import network, schedules, training
from reference.published import NAMES
from tolerances import assert_close

CLASSES = {"RNN": tbrnn.RNN}
CONFIGURATIONS = ("RNN/cont/rate", "RNN/cont/voltage", "RNN/disc/voltage")
TRACES = {"multifate_rnn": tbrnn.RNN}
MULTIFATE = {"phi_out": "sigmoid", "identity_readout": True}


def ours(arrays):
    return {NAMES[name]: array for name, array in arrays.items()}


def synthetic(published, configuration):
    arrays = published("synthetic_all_models")
    return below(arrays, f"{configuration}/"), [arrays[key] for key in ("input", "target", "x0")]


@pytest.mark.parametrize("configuration", CONFIGURATIONS)
def test_synthetic_models(published, configuration):
    golden, (inputs, targets, start) = synthetic(published, configuration)
    name, mode, form = configuration.split("/")
    alpha = 0.3 if mode == "cont" else 1.0
    nets = CLASSES[name].from_state_dict(below(golden, "param/"), form=form, alpha=alpha)
    activity = nets.simulate(inputs, initial_states=start)
    assert_close(activity.states[0], golden["traj"], "golden values")
    assert_close(activity.outputs[0], golden["output"], "golden values")
    loss, gradients = tbrnn.gradient(nets, tbrnn.Trials(inputs, targets, initial_states=start))
    assert_close(loss[0], golden["loss"], "golden values")
    for published_name, array in gradients_by_published_name(gradients).items():
        assert_close(array, golden["grad/" + published_name], "golden values", published_name)


@pytest.mark.parametrize("configuration", CONFIGURATIONS)
def test_the_oracle_on_synthetic_models(published, configuration):
    golden, (inputs, targets, start) = synthetic(published, configuration)
    name, mode, form = configuration.split("/")
    net = network.Network(name, alpha=0.3 if mode == "cont" else 1.0, form=form)
    p = ours(below(golden, "param/"))
    loss, gradients = network.loss_and_gradient(net, p, inputs, targets, initial_states=start)
    assert_close(network.rollout(net, p, inputs, start), golden["traj"], "golden values")
    assert_close(loss, golden["loss"], "golden values")
    for parameter, expected in ours(below(golden, "grad/")).items():
        assert_close(gradients[parameter], expected, "golden values", parameter)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("tag", TRACES)
def test_training_traces(published, tag, dtype):
    golden = below(published("training_traces"), f"{tag}/")
    epochs, first, last, ramp, _ = golden["hyper_epochs_lr0_lr1_total_clip"]
    options = {"alpha": 0.2, "phi_out": "sigmoid", "readout": "identity"}
    runs = tbrnn.fit(
        TRACES[tag].from_state_dict(below(golden, "init/"), **options),
        tbrnn.Trials(golden["input"], golden["target"], initial_states=golden["x0"]),
        epochs=int(epochs),
        lr=tbrnn.linear(first, last, int(ramp)),
        target_loss=0,
        stall=None,
        dtype=dtype,
        record_every=1,
    )
    history, name = runs.history[0], f"golden trace {dtype}"
    assert_close(history["loss"][0], golden["loss_before_training"], name)
    assert_close(history["loss"][1:], golden["loss_after_epoch"], name)
    for published_name, array in runs.last[0].state_dict().items():
        assert_close(array, golden["final/" + published_name], name, published_name)


@pytest.mark.parametrize("tag", TRACES)
def test_the_oracle_on_training_traces(published, tag):
    golden = below(published("training_traces"), f"{tag}/")
    epochs, first, last, ramp, _ = golden["hyper_epochs_lr0_lr1_total_clip"]
    data = {"inputs": golden["input"], "targets": golden["target"]}
    run = training.train(
        network.Network(TRACES[tag].__name__, **MULTIFATE),
        ours(below(golden, "init/")),
        data | {"initial_states": golden["x0"]},
        epochs=int(epochs),
        lr=schedules.linear(first, last, ramp),
        target_loss=0,
    )
    assert_close(run.losses, golden["loss_after_epoch"], "golden trace float64")
    for parameter, expected in ours(below(golden, "final/")).items():
        assert_close(run.last[parameter], expected, "golden trace float64", parameter)


def test_all_published_configurations_are_covered(published):
    arrays = published("synthetic_all_models")
    known = {"/".join(key.split("/")[:3]) for key in arrays if "/param/" in key}
    assert {name for name in known if name.split("/")[0] in CLASSES} == set(CONFIGURATIONS)
