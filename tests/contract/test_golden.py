"""The engine through its public face against numbers of the published model code."""

from pathlib import Path

import numpy as np
import pytest

import tbrnn
from reference.published import NAMES
from tolerances import TOLERANCES, assert_close

GOLDEN = dict(np.load(Path(__file__).parents[1] / "golden" / "low_rank.npz"))
CONFIGURATIONS = sorted({"/".join(k.split("/")[1:4]) for k in GOLDEN if "/param/" in k})
OUR_TRACES = sorted({k.split("/")[1] for k in GOLDEN if k.startswith("trace/")})
PUBLISHED_TRACES = ["lint_rnn_r2_on_rnn", "lint_tbrnn_r3_on_tbrnn"]

CLASSES = {
    "Low_Rank_RNN": (tbrnn.LowRankRNN, {}),
    "Low_Rank_TBRNN": (tbrnn.LowRankTBRNN, {}),
    "Low_Rank_TBRNN_hardorth": (tbrnn.LowRankTBRNN, {"hard_orth": True}),
    "Low_Rank_HORNN": (tbrnn.LowRankHORNN, {}),
    "Low_Rank_HORNN_adv": (tbrnn.LowRankHORNN, {"gated": True}),
}
SHIPPED = {
    "solution_run1_rnn": (tbrnn.LowRankRNN, {}),
    "solution_run1_tbrnn": (tbrnn.LowRankTBRNN, {}),
    "weff_teacher": (tbrnn.LowRankTBRNN, {"hard_orth": True}),
    "weff_student": (tbrnn.LowRankTBRNN, {"hard_orth": True}),
}
FILES = {"weff_teacher": "weff_teacher_lr_tbrnn", "weff_student": "weff_student_lr_tbrnn"}
METRICS = {  # accuracy, mean squared error on the 500 trials
    "solution_run1_rnn": (0.996520, 0.014004),
    "solution_run1_tbrnn": (0.996600, 0.009436),
    "weff_teacher": (0.997860, 0.009953),
    "weff_student": (0.997960, 0.010041),
}


def below(arrays, prefix):
    return {k.removeprefix(prefix): v for k, v in arrays.items() if k.startswith(prefix)}


def gradients_by_published_name(gradients):
    return {published: gradients[ours][0] for published, ours in NAMES.items() if ours in gradients}


@pytest.mark.parametrize("configuration", CONFIGURATIONS)
def test_synthetic_models(configuration):
    name, mode, form = configuration.split("/")
    golden = below(GOLDEN, f"synthetic/{configuration}/")
    inputs, targets, start = (GOLDEN["synthetic/" + key] for key in ("input", "target", "x0"))
    cls, options = CLASSES[name]
    step = {"alpha": 0.3} if mode == "cont" else {"alpha": 1.0, "scale": 1.0}
    nets = cls.from_state_dict(below(golden, "param/"), form=form, **step, **options)
    activity = nets.simulate(inputs, initial_states=start)
    assert_close(activity.states[0], golden["traj"], "golden values")
    assert_close(activity.outputs[0], golden["output"], "golden values")
    trials = tbrnn.Trials(inputs, targets, initial_states=start)
    loss, gradients = tbrnn.gradient(nets, trials)
    assert_close(loss[0], golden["loss"], "golden values")
    for published, ours in gradients_by_published_name(gradients).items():
        assert_close(ours, golden["grad/" + published], "golden values", published)


def trace(nets, golden, dtype):
    epochs, first, last, ramp, clip = golden["hyper_epochs_lr0_lr1_total_clip"]
    return tbrnn.fit(
        nets,
        tbrnn.Trials(golden["input"], golden["target"]),
        epochs=int(epochs),
        lr=tbrnn.linear(first, last, int(ramp)),
        clip=None if clip < 0 else clip,
        target_loss=0,
        stall=None,
        dtype=dtype,
        record_every=1,
    )


def assert_trace(golden, tag, dtype):
    cls = tbrnn.LowRankTBRNN if "init/L" in golden else tbrnn.LowRankRNN
    options = {"hard_orth": True} if "hardorth" in tag else {}
    options |= {} if "init/w_out.weight" in golden else {"readout": "identity"}
    nets = cls.from_state_dict(below(golden, "init/"), alpha=0.2, **options)
    runs = trace(nets, golden, dtype)
    name = f"golden trace {dtype}"
    assert_close(runs.history[0]["loss"][0], golden["loss_before_training"], name)
    assert_close(runs.history[0]["loss"][1:], golden["loss_after_epoch"], name)
    for published, ours in runs.last[0].state_dict().items():
        assert_close(ours, golden["final/" + published], name, published)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("tag", OUR_TRACES)
def test_training_traces(tag, dtype):
    assert_trace(below(GOLDEN, f"trace/{tag}/"), tag, dtype)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("tag", PUBLISHED_TRACES)
def test_published_training_traces(published, tag, dtype):
    assert_trace(below(published("training_traces"), f"{tag}/"), tag, dtype)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_the_clipped_hybrid_trace(published, dtype):
    golden = below(published("training_traces"), "clip_low_rank_hornn_r1_r1/")
    options = {"phi_out": "identity", "readout": "identity"}
    nets = tbrnn.LowRankHORNN.from_state_dict(below(golden, "init/"), alpha=0.2, **options)
    runs, name = trace(nets, golden, dtype), f"golden trace {dtype}"
    history = runs.history[0]
    assert_close(history["loss"][0], golden["loss_before_training"], name)
    assert_close(history["loss"][1:], golden["loss_after_epoch"], name)
    assert_close(history["gradient_norm"][1:], golden["grad_norm_before_clip"], name)
    assert_close(history["lr"][1:], golden["lr"], name)
    for published_name, ours in runs.last[0].state_dict().items():
        assert_close(ours, golden["final/" + published_name], name, published_name)


@pytest.fixture
def shipped(published):
    def load(tag, dtype):
        cls, options = SHIPPED[tag]
        arrays = published(FILES.get(tag, tag))
        nets = cls.from_state_dict(
            {k: v.astype(dtype) for k, v in arrays.items()}, alpha=0.2, **options
        )
        data = published("solution_data")
        return nets, data["input"].astype(dtype), data["target"].astype(dtype)

    return load


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("tag", SHIPPED)
def test_metrics_of_shipped_weights(shipped, tag, dtype):
    nets, inputs, targets = shipped(tag, dtype)
    outputs = nets.simulate(inputs).outputs
    assert outputs.dtype == dtype
    accuracy, squared_error = METRICS[tag]
    allowed = TOLERANCES[f"golden metrics {dtype}"]
    assert abs(tbrnn.analysis.accuracy(outputs, targets)[0] - accuracy) <= allowed
    error = np.mean((outputs.astype(float) - targets) ** 2)
    assert abs(error - squared_error) <= allowed


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_student_of_the_shipped_teacher(shipped, dtype):
    teacher, inputs, _ = shipped("weff_teacher", dtype)
    student, _, _ = shipped("weff_student", dtype)
    reference, ours = teacher.simulate(inputs), student.simulate(inputs)
    allowed = TOLERANCES[f"golden metrics {dtype}"]
    assert abs(np.mean((ours.states - reference.states) ** 2) - 0.000166) <= allowed
    assert abs(np.mean((ours.rates - reference.rates) ** 2) - 0.000035) <= allowed
    r2 = tbrnn.analysis.r2_per_trial(ours.states, reference.states)
    assert abs(np.mean(r2) - 0.999684) <= allowed


@pytest.mark.parametrize("tag", SHIPPED)
def test_outputs_and_gradients_of_shipped_weights(shipped, published, tag):
    nets, inputs, targets = shipped(tag, "float64")
    golden = below(published("expected_outputs_and_gradients"), f"{tag}/")
    activity = nets.simulate(inputs)
    assert_close(activity.outputs[0, :4], golden["output_first"], "golden values")
    assert_close(activity.states[0, :2], golden["traj_first"], "golden values")
    assert_close(activity.states[0, :64, -1], golden["x_final"], "golden values")
    loss, gradients = tbrnn.gradient(nets, tbrnn.Trials(inputs, targets))
    assert_close(loss[0], golden["loss"], "golden values")
    for published_name, ours in gradients_by_published_name(gradients).items():
        assert_close(ours, golden["grad/" + published_name], "golden values", published_name)
