"""Scores of experiments are their definitions: of states or rates, on old trials or new ones."""

from dataclasses import replace
from io import BytesIO
from itertools import count

import numpy as np
import pytest

import tbrnn
from reference import cka, scores
from reproduce.small import MADE
from reproduce.spy import noted, scaled, trained, trained_table1
from tbrnn.reproduce import fig4, table1, table2
from tbrnn.reproduce.fig3.networks import test_trials as new_trials_of_fig3
from tbrnn.reproduce.fig4.measured import measure
from tbrnn.reproduce.fig4.networks import test_trials as new_trials_of_fig4
from tbrnn.reproduce.table1.data import TaskData
from tbrnn.reproduce.table2.networks import trials_of
from tbrnn.tasks import FlipFlop
from tolerances import assert_close

FEW = {"trials": 11, "test_trials": 7}
SUMS = "shifted sums"  # in another order


def shown(net, inputs, **options):
    """States, rates and outputs of one network, in float64."""
    activity = net.simulate(inputs, **options)
    return [np.asarray(a, float) for a in (activity.states, activity.rates, activity.outputs)]


def pooled_r2(values, reference):
    mean = reference.mean(axis=(0, 1))
    return 1 - np.sum((values - reference) ** 2) / np.sum((reference - mean) ** 2)


def saturated(runs):
    """Results that are accepted, of networks whose rates are not their states."""
    return replace(runs, best=scaled(runs.best, 4), last_loss=np.full(len(runs), 1e-3))


@pytest.fixture(scope="module")
def of_table1(tmp_path_factory):
    """Calls, records and the task of a Table 1."""
    out = tmp_path_factory.mktemp("table1")
    protocol = table1.load_protocol("paper", tasks=["flipflop-2"], runs=2, ranks=[1, 3])
    protocol = protocol.model_copy(update=FEW)
    with noted(saturated) as calls:
        trained_table1(protocol, out)
    data = TaskData(protocol, "flipflop-2")
    return calls, table1.read_records(out / "networks.jsonl"), data


def test_scores_of_students_in_table_1(of_table1):
    """Section 4.3: R2 of states before the nonlinearity; 13.15: of rates and pooled as extras."""
    calls, (_, records), data = of_table1
    by_loss = {record.best_loss: record for record in records}
    checked = 0
    for call in [call for call in calls if call.to == "lint"]:
        for student, loss, of in zip(
            call.runs.best, call.runs.best_loss, call.runs.teacher, strict=True
        ):
            record = by_loss[loss]
            x, rates, outputs = shown(student, data.test_inputs)
            y, their_rates, _ = shown(call.arguments["nets"][int(of)], data.test_inputs)
            assert_close(rates, np.tanh(x), "float32 values")
            expected = {
                "r2": scores.r2_per_trial(x, y).mean(),
                "rate_r2": scores.r2_per_trial(rates, their_rates).mean(),
                "pooled_r2": pooled_r2(x, y),
                "accuracy": scores.accuracy(outputs, data.test_targets),
                "test_loss": np.mean((outputs - data.test_targets) ** 2),
                "state_error": np.mean((x - y) ** 2),
            }
            for name, value in expected.items():
                assert_close(getattr(record, name), value, SUMS, name)
            assert record.rank == student.model.rank
            checked += 1
    assert checked == len(records) == 2 * 2 * 2 * 2


def test_scores_of_teachers_in_table_1(of_table1):
    """Section 9.2: on the new trials of the task."""
    calls, (records, _), data = of_table1
    by_loss = {record.best_loss: record for record in records}
    for call in [call for call in calls if call.to == "fit"]:
        for net, loss in zip(call.runs.best, call.runs.best_loss, strict=True):
            _, _, outputs = shown(net, data.test_inputs)
            accuracy = scores.accuracy(outputs, data.test_targets)
            assert_close(by_loss[loss].accuracy, accuracy, SUMS)
            assert_close(by_loss[loss].test_loss, np.mean((outputs - data.test_targets) ** 2), SUMS)


@pytest.mark.parametrize("name", ["fig3", "fig4"])
def test_accuracies_of_the_figures(name):
    """On the training trials of the network's run, and on new ones (sections 7.1, 13.13)."""
    new = {"fig3": new_trials_of_fig3, "fig4": lambda protocol, _: new_trials_of_fig4(protocol)}
    with noted() as calls:
        campaign = trained(name, 2, **FEW)
    own = {call.arguments["trials"].inputs.shape[-1]: call.arguments["trials"] for call in calls}
    for place, record in campaign.store.records.items():
        net = campaign.store.network(place)
        trials = own[net.model.inputs].dataset(record.run)
        tests = new[name](campaign.protocol, record.network)
        (*_, outputs), (*_, others) = shown(net, trials.inputs), shown(net, tests.inputs)
        expected = scores.accuracy(outputs, trials.targets)
        assert_close(record.scores["training_accuracy"], expected, SUMS)
        assert_close(record.scores["accuracy"], scores.accuracy(others, tests.targets), SUMS)
        error = np.mean((others - tests.targets) ** 2)
        assert_close(record.scores["test_loss"], error, SUMS)


def test_epochs_and_loss_of_the_first_phase_in_fig_4():
    """Section 8.1: 10,000 epochs with the RNN's W_in and W_out, then as many that train all."""
    number = count(1)
    with noted(lambda runs: replace(runs, epochs=runs.epochs * next(number))) as calls:
        campaign = trained("fig4", 1, **FEW)
    _, first, second, *_ = (call.runs for call in calls)
    record = campaign.store.records["tbrnn", 0, None]
    assert record.epochs == first.epochs[0] + second.epochs[0]
    assert record.scores["first_epochs"] == first.epochs[0]
    assert record.scores["first_loss"] == first.best_loss[0]
    assert record.best_loss == second.best_loss[0] != first.best_loss[0]


@pytest.fixture(scope="module")
def four():
    """Networks that remember more or less, and trials."""
    kinds = (tbrnn.LowRankRNN, tbrnn.LowRankTBRNN)
    nets = [kind(units=9, rank=1, inputs=1, outputs=1).initial([3, 4]) for kind in kinds]
    return [scaled(net, 3)[0] for both in nets for net in both], FlipFlop(bits=1, steps=30).sample(
        3, 8
    )


def test_distances_of_fig_4(four):
    """Section 8.2: one minus the uncentred alignment of states; 13.14: centred as an extra."""
    nets, test = four
    measured = measure(["rnn", "rnn", "tbrnn", "tbrnn"], [0, 1, 0, 1], nets, test)
    states = [shown(net, test.inputs)[0].reshape(-1, 9) for net in nets]
    for matrix, centred in ((measured.distance, False), (measured.centred, True)):
        expected = [[1 - cka.plug_in(x, y, centred) for y in states] for x in states]
        assert_close(matrix, expected, SUMS)
    assert np.abs(measured.distance - measured.centred).max() > 0.01


def test_the_report_of_fig_4_judges_the_uncentred_distances():
    """Section 13.14: CKA without centring is the primary one."""
    groups = np.repeat(["rnn", "tbrnn"], 2)
    matrices = [value * (1 - np.eye(4)) for value in (0.25, 0.75)]
    answers = np.tile([1.0, -1.0], (4, 1))
    measured = fig4.measured.Measured(groups, np.tile([0, 1], 2), *matrices, np.ones(4), answers)
    report = fig4.make_report([], measured, fig4.load_protocol("quick"), {})
    assert report.value("distance, two-body - three-body").ours == 0.25
    assert report.value("centred distance, two-body - three-body").ours == 0.75


def test_memories_of_fig_4(four):
    """Section 8.3: the cosine between the states that follow +1 and -1, and the answers there."""
    nets, test = four
    measured = measure(["rnn"] * 4, range(4), nets, test)
    for i, net in enumerate(nets):
        pulses = np.zeros((2, 1001, 1))
        pulses[:, 0, 0] = 1, -1
        states, _, outputs = shown(net, pulses)
        plus, minus = states[:, -1]
        cosine = plus @ minus / np.linalg.norm(plus) / np.linalg.norm(minus)
        assert_close(measured.cosine[i], cosine, SUMS)
        assert_close(measured.answers[i], outputs[:, -1, 0], SUMS)


@pytest.fixture(scope="module")
def of_table2():
    with noted():
        return trained("table2", 2, **FEW, candidates=100)


def test_scores_of_table_2(of_table2):
    """Section 10: R2 across trials by unit and step; pooled; on or off at 0.5 in the last frame."""
    for place, record in of_table2.store.records.items():
        net = of_table2.store.network(place)
        for prefix, trials in zip(
            ("", "test_"), trials_of(of_table2.protocol, record.run), strict=True
        ):
            *_, outputs = shown(net, trials)
            targets = np.asarray(trials.targets)
            columns = [a.reshape(len(a), -1).T for a in (outputs, targets)]
            expected = {
                "r2": np.mean([scores.unit_r2(o, y) for o, y in zip(*columns, strict=True)]),
                "r2_pooled": pooled_r2(outputs, targets),
                "agreement": np.mean((outputs[:, 98] > 0.5) == (targets[:, 98] > 0.5)),
                "loss": np.mean((outputs - targets) ** 2),
            }
            for name, value in expected.items():
                assert_close(record.scores[prefix + name], value, SUMS, prefix + name)


def test_pictures_of_table_2(of_table2):
    """Section 10: one trial's course, its networks' answers, and the mean over proteins."""
    store, protocol = of_table2.store, of_table2.protocol
    _, files = table2.EXPERIMENT.measure(of_table2, MADE)
    pictures = np.load(BytesIO(files()["table2.npz"]))
    trials, _ = trials_of(protocol, 0)
    frames = np.concatenate([trials.initial_states[:, None], trials.targets], axis=1)
    ranges = [frame.max() - frame.min() for frame in frames[:, 0]]
    trial = ranges.index(max(ranges))
    assert trial != 0
    assert_close(pictures["course"], frames[trial], "float32 values")
    mean = frames.sum(axis=2) / 30
    assert_close(pictures["mean"], mean.mean(axis=0), "float32 values")
    spread = np.sqrt(((mean - mean.mean(axis=0)) ** 2).mean(axis=0))
    assert_close(pictures["std"], spread, "float32 values")
    nets = [store.network((name, 0, None)) for name in ("rnn", "tbrnn", "hornn")]
    for answer, net in zip(pictures["answers"], nets, strict=True):
        assert np.array_equal(answer, net.simulate(trials).outputs[trial, :, 0])
    assert np.array_equal(pictures["matrix"], nets[0].w_hh)
    assert np.array_equal(pictures["tensor"], nets[1].w_hh)
