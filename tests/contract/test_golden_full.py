"""Networks of full rank against numbers of the published model code; the oracle too."""

import numpy as np
import pytest

import tbrnn
from contract.test_golden import below, gradients_by_published_name
from reference import network, schedules, training
from reference.published import NAMES
from tolerances import TOLERANCES, assert_close

CLASSES = {"RNN": tbrnn.RNN, "TBRNN": tbrnn.TBRNN, "HORNN": tbrnn.HORNN}
CONFIGURATIONS = (
    *("RNN/cont/rate", "RNN/cont/voltage", "RNN/disc/voltage"),
    *("TBRNN/cont/rate", "TBRNN/disc/rate", "TBRNN/disc/voltage"),
    *("HORNN/cont/rate", "HORNN/cont/voltage", "HORNN/disc/rate", "HORNN/disc/voltage"),
)
MULTIFATE = {"alpha": 0.2, "phi_out": "sigmoid"}
TRACES = {
    "multifate_rnn": (tbrnn.RNN, MULTIFATE),
    "multifate_tbrnn": (tbrnn.TBRNN, MULTIFATE),
    "task_tbrnn_full_disc_voltage": (tbrnn.TBRNN, {"alpha": 1.0, "form": "voltage"}),
}


def ours(arrays):
    return {NAMES[name]: array for name, array in arrays.items()}


def synthetic(published, configuration):
    """Golden arrays, data, class and options of a configuration CLASS/MODE/FORM."""
    arrays = published("synthetic_all_models")
    name, mode, form = configuration.split("/")
    options = {"alpha": 0.3 if mode == "cont" else 1.0, "form": form}
    options |= {"phi_out": "sigmoid"} if name == "HORNN" else {}
    data = [arrays[key] for key in ("input", "target", "x0")]
    return below(arrays, f"{configuration}/"), data, name, options


@pytest.mark.parametrize("configuration", CONFIGURATIONS)
def test_synthetic_models(published, configuration):
    golden, (inputs, targets, start), name, options = synthetic(published, configuration)
    nets = CLASSES[name].from_state_dict(below(golden, "param/"), **options)
    activity = nets.simulate(inputs, initial_states=start)
    assert_close(activity.states[0], golden["traj"], "golden values")
    assert_close(activity.outputs[0], golden["output"], "golden values")
    loss, gradients = tbrnn.gradient(nets, tbrnn.Trials(inputs, targets, initial_states=start))
    assert_close(loss[0], golden["loss"], "golden values")
    for published_name, array in gradients_by_published_name(gradients).items():
        assert_close(array, golden["grad/" + published_name], "golden values", published_name)


@pytest.mark.parametrize("configuration", CONFIGURATIONS)
def test_the_oracle_on_synthetic_models(published, configuration):
    golden, (inputs, targets, start), name, options = synthetic(published, configuration)
    net, p = network.Network(name, **options), ours(below(golden, "param/"))
    loss, gradients = network.loss_and_gradient(net, p, inputs, targets, initial_states=start)
    assert_close(network.rollout(net, p, inputs, start), golden["traj"], "golden values")
    assert_close(loss, golden["loss"], "golden values")
    for parameter, expected in ours(below(golden, "grad/")).items():
        assert_close(gradients[parameter], expected, "golden values", parameter)


def trace(published, tag):
    """Golden arrays, data and the learning rates of a training."""
    golden = below(published("training_traces"), f"{tag}/")
    epochs, first, last, ramp, _ = golden["hyper_epochs_lr0_lr1_total_clip"]
    data = {"inputs": golden["input"], "targets": golden["target"]}
    data |= {"initial_states": golden["x0"]} if "x0" in golden else {}
    return golden, data, int(epochs), (first, last, int(ramp))


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("tag", TRACES)
def test_training_traces(published, tag, dtype):
    golden, data, epochs, ramp = trace(published, tag)
    model, options = TRACES[tag]
    options = options | ({} if "init/w_out.weight" in golden else {"readout": "identity"})
    runs = tbrnn.fit(
        model.from_state_dict(below(golden, "init/"), **options),
        tbrnn.Trials(**data),
        epochs=epochs,
        lr=tbrnn.linear(*ramp),
        target_loss=0,
        stall=None,
        dtype=dtype,
        record_every=1,
    )
    kind = "golden trace" if model is tbrnn.RNN else "golden tensor trace"
    history, losses = runs.history[0], f"{kind} {dtype}"
    weights = losses.replace("tensor trace", "tensor weights")
    assert_close(history["loss"][0], golden["loss_before_training"], losses)
    assert_close(history["loss"][1:], golden["loss_after_epoch"], losses)
    for name, array in runs.last[0].state_dict().items():
        assert_close(array, golden["final/" + name], weights, name)
    if dtype == "float64":
        norms = golden["grad_norm_before_clip"]
        assert_close(history["gradient_norm"][1:], norms, losses, "gradient norms")


@pytest.mark.parametrize("tag", TRACES)
def test_the_oracle_on_training_traces(published, tag):
    golden, data, epochs, ramp = trace(published, tag)
    model, options = TRACES[tag]
    identity = "init/w_out.weight" not in golden
    run = training.train(
        network.Network(model.__name__, identity_readout=identity, **options),
        ours(below(golden, "init/")),
        data,
        epochs=epochs,
        lr=schedules.linear(*ramp),
        target_loss=0,
    )
    assert_close(run.losses, golden["loss_after_epoch"], "golden trace float64")
    for parameter, expected in ours(below(golden, "final/")).items():
        assert_close(run.last[parameter], expected, "golden trace float64", parameter)


def test_all_published_configurations_are_covered(published):
    arrays = published("synthetic_all_models")
    known = {"/".join(key.split("/")[:3]) for key in arrays if "/param/" in key}
    assert {name for name in known if name.split("/")[0] in CLASSES} == set(CONFIGURATIONS)


def teacher(published, dtype):
    """The shipped three-body network of Fig 3, and its data by name."""
    arrays = {k: v.astype(dtype) for k, v in published("validation_teacher_tbrnn").items()}
    return tbrnn.TBRNN.from_state_dict(arrays, alpha=1.0, form="voltage"), arrays


METRICS = {  # accuracy and mean squared error of the shipped network
    ("input", "target"): (1.000000, 0.001397),
    ("tinput", "tinput_target"): (1.000000, 0.000255),
    ("input_fresh128", "target_fresh128"): (1.000000, 0.000613),
}


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("files", METRICS)
def test_metrics_of_the_shipped_network(published, files, dtype):
    nets, arrays = teacher(published, dtype)
    for name, array in nets[0].state_dict().items():
        assert np.array_equal(array, arrays[name])
    inputs, targets = (published("validation_data")[name].astype(dtype) for name in files)
    outputs = nets.simulate(inputs).outputs
    accuracy, squared_error = METRICS[files]
    allowed = TOLERANCES[f"golden metrics {dtype}"]
    assert abs(tbrnn.analysis.accuracy(outputs, targets)[0] - accuracy) <= allowed
    assert abs(np.mean((outputs.astype(float) - targets) ** 2) - squared_error) <= allowed


def test_outputs_and_gradients_of_the_shipped_network(published):
    nets, _ = teacher(published, "float64")
    data = published("validation_data")
    inputs, targets = (data[f"{name}_fresh128"].astype(float) for name in ("input", "target"))
    golden = below(published("expected_outputs_and_gradients"), "validation_teacher/")
    activity = nets.simulate(inputs)
    assert_close(activity.outputs[0, :4], golden["output_first"], "golden values")
    assert_close(activity.states[0, :2], golden["traj_first"], "golden values")
    assert_close(activity.states[0, :64, -1], golden["x_final"], "golden values")
    loss, gradients = tbrnn.gradient(nets, tbrnn.Trials(inputs, targets))
    assert_close(loss[0], golden["loss"], "golden values")
    for published_name, array in gradients_by_published_name(gradients).items():
        assert_close(array, golden["grad/" + published_name], "golden values", published_name)
