"""How the paper's presets train: `tbrnn.fit` and `tbrnn.lint` are asked for what is published.

Sections are those of the specification of the published code.
"""

from collections import Counter
from dataclasses import replace
from itertools import chain, repeat

import numpy as np
import pytest

import tbrnn
from reproduce.small import EXPERIMENTS
from reproduce.spy import noted, scaled, trained, trained_table1
from tbrnn.reproduce import table1
from tbrnn.reproduce.store import Store
from tbrnn.tasks import MultiFate
from tolerances import assert_close

RUNS = 2
RANKS = (1, 2, 3, 4, 5, 6)
LOW_RANK = ("l", "m", "n")
QUICKER = {"test_trials": 5}  # nothing is trained on them

# Table 1, section 9.1: rank of teachers, output bias, their learning rate, most epochs of students
TABLE1 = {
    "flipflop-1": (1, False, tbrnn.linear(1e-2, 1e-3, 20_000), 80_000),
    "flipflop-2": (2, False, tbrnn.linear(1e-2, 1e-3, 20_000), 80_000),
    "flipflop-3": (3, False, tbrnn.linear(1e-2, 1e-3, 20_000), 80_000),
    "sine": (2, True, tbrnn.linear(1e-3, 5e-4, 20_000), 40_000),
}


def trained_as(call, lr, epochs):
    """Whether a call has these numbers, and the two stopping rules of section 3.

    They are a loss below 1e-4, and one that improves by less than 1e-4 in a tenth of the epochs.
    """
    stopping = 1e-4, (epochs // 10, 1e-4)
    return call.asked("lr", "epochs", "target_loss", "stall") == (lr, epochs, *stopping)


def arrays_of(nets):
    return [member.arrays for member in nets]


def same_weights(nets, others):
    """Whether two ensembles hold the same networks, in order."""
    return len(nets) == len(others) and all(
        one.keys() == other.keys() and all(np.array_equal(one[k], other[k]) for k in one)
        for one, other in zip(arrays_of(nets), arrays_of(others), strict=True)
    )


def calls_of(name, **changes):
    """The calls in which an experiment trains its networks, in order."""
    with noted() as calls:
        trained(name, RUNS, **QUICKER, **changes)
    return calls


def ending_with(*losses):
    """Results with these last losses, call after call; the best were smaller, of other weights."""
    each = chain(losses, repeat(losses[-1]))

    def ending(runs):
        best, last = (np.full(len(runs), loss) for loss in (1e-3, next(each)))
        return replace(runs, best_loss=best, last_loss=last, last=scaled(runs.best, 2))

    return ending


def table1_calls(task, ending, **narrowed):
    """Calls for teachers, and those for students."""
    protocol = table1.load_protocol("paper", tasks=[task], **narrowed)
    with noted(ending) as calls:
        trained_table1(protocol.model_copy(update=QUICKER))
    return [c for c in calls if c.to == "fit"], [c for c in calls if c.to == "lint"]


@pytest.fixture(scope="module", params=TABLE1)
def one_task(request):
    return TABLE1[request.param], *table1_calls(request.param, ending_with(1e-3), runs=RUNS)


def test_table_1_teachers(one_task):
    """Section 9.1: both classes on one data set of 128 trials per run; a = 0.2, s = 0."""
    (rank, bias, lr, _), teachers, _ = one_task
    assert all(trained_as(call, lr, 20_000) for call in teachers)
    assert all(call.asked("match", "train") == ("outputs", None) for call in teachers)
    models = [model for call in teachers for model in call.runs.best.models]
    for kind in (tbrnn.LowRankRNN, tbrnn.LowRankTBRNN):
        assert sum(isinstance(model, kind) for model in models) == RUNS
    for model in models:
        assert (model.units, model.rank, model.alpha, model.sigma) == (30, rank, 0.2, 0)
        assert (model.form, model.phi, model.phi_out) == ("rate", "tanh", "tanh")
        assert (model.input_bias, model.output_bias) == (False, bias)


def test_table_1_students(one_task):
    """Section 9.1: LINT with rates on, ranks 1 to 6, both classes for the teachers of both."""
    (*_, epochs), teachers, students = one_task
    nets = tbrnn.Ensemble.concatenate(call.runs.best for call in teachers)
    classes = []
    for call in students:
        assert trained_as(call, tbrnn.linear(1e-2, 5e-3, 20_000), epochs)
        assert call.asked("match", "train", "accept") == ("rates", None, None)
        assert tuple(call.arguments["ranks"]) == RANKS
        classes += [call.arguments["student_class"]] * len(call.arguments["nets"])
    for kind in (tbrnn.LowRankRNN, tbrnn.LowRankTBRNN):
        assert classes.count(kind) == 2 * RUNS
        taught = [c.arguments["nets"] for c in students if c.arguments["student_class"] is kind]
        assert same_weights(tbrnn.Ensemble.concatenate(taught), nets)


def test_table_1_runs_have_one_data_set_each(one_task):
    """Section 9.1: the two teachers of a run and all their students share its 128 trials."""
    _, teachers, students = one_task
    shown = {}
    for call in teachers:
        for net, inputs in zip(call.runs.best, inputs_of(call), strict=True):
            shown[net.m.tobytes()] = inputs.tobytes()
            assert len(inputs) == 128
    assert sorted(Counter(shown.values()).values()) == [2] * RUNS
    for call in students:
        for net, inputs in zip(call.arguments["nets"], inputs_of(call), strict=True):
            assert shown[net.m.tobytes()] == inputs.tobytes()


def inputs_of(call):
    """What each network of a call is shown, or each teacher."""
    trials, dataset = call.asked("trials", "dataset")
    return [trials.dataset(index).inputs for index in dataset]


def test_table_1_has_no_two_networks_with_one_seed(one_task):
    """Students of the two teachers of a run are different draws, too."""
    _, *both = one_task
    seeds = [seed for calls in both for call in calls for seed in call.runs.seed]
    assert len(seeds) == len(set(seeds)) == 2 * RUNS * (1 + 2 * len(RANKS))


def test_table_1_teachers_are_accepted_by_their_last_loss():
    """Section 9.1: until the *last* loss is at most 0.005; 13.19: the best weights are kept."""
    ending = ending_with(0.0051, 0.005)
    teachers, students = table1_calls("flipflop-1", ending, runs=1, ranks=[1])
    assert len(teachers) == 2
    assert not set(teachers[0].runs.seed) & set(teachers[1].runs.seed)
    assert len(students) == 2
    for call in students:
        assert same_weights(call.arguments["nets"], teachers[1].runs.best)


@pytest.fixture(scope="module")
def fig3():
    """Its calls, by what is called and the number of bits."""
    return {(call.to, call.arguments["trials"].inputs.shape[-1]): call for call in calls_of("fig3")}


def test_fig_3_teachers(fig3):
    """Section 7.1: full tensor, discrete time, voltage form, both biases; until accurate enough."""
    call = fig3["fit", 3]
    assert trained_as(call, tbrnn.linear(5e-4, 1e-4, 10_000), 10_000)
    assert call.asked("match", "train") == ("outputs", None)
    assert callable(call.arguments["accept"])
    assert call.arguments["trials"].trials == 128
    for model in call.runs.best.models:
        assert isinstance(model, tbrnn.TBRNN)
        assert (model.units, model.alpha, model.form, model.phi) == (30, 1, "voltage", "tanh")
        assert (model.input_bias, model.output_bias) == (True, True)


def test_fig_3_teachers_are_accepted_by_their_accuracy(fig3, monkeypatch):
    """Section 7.1: at least 0.95, on the trials that they are trained on."""
    monkeypatch.setattr(Store, "add_failed", lambda store, attempts: None)  # the calls have ended
    assert EXPERIMENTS["fig3"].load_protocol("paper").acceptance_accuracy == 0.95
    assert not fig3["fit", 3].arguments["accept"](fig3["fit", 3].runs).any()
    trials, nets = fig3["fit", 3].arguments["trials"], fig3["fit", 3].runs.best
    outputs = nets.simulate(trials, dataset=range(RUNS)).outputs
    reached = np.mean(np.sign(outputs) == np.sign(trials.targets), axis=(1, 2, 3))
    call, *_ = calls_of("fig3", acceptance_accuracy=float(max(reached)))
    assert call.arguments["accept"](call.runs).tolist() == (reached == max(reached)).tolist()


def test_fig_3_students(fig3):
    """Section 7.1: low-rank three-body, ranks 1 to 6, fitted to states; without a scale."""
    call, teachers = fig3["lint", 3], fig3["fit", 3]
    assert trained_as(call, tbrnn.constant(1e-3), 30_000)
    assert call.asked("match", "student_class", "train") == ("states", tbrnn.LowRankTBRNN, None)
    assert same_weights(call.arguments["nets"], teachers.runs.best)
    assert np.array_equal(inputs_of(call), inputs_of(teachers))
    assert [model.rank for model in call.runs.best.models] == RUNS * list(RANKS)
    for model in call.runs.best.models:
        assert (model.alpha, model.form, model.scale) == (1, "voltage", 1)


def test_fig_3_example(fig3):
    """Section 7.4: one bit, rank one, a = 0.2, rate form, both biases, hard_orth; no rates."""
    teachers, students = fig3["fit", 1], fig3["lint", 1]
    assert trained_as(teachers, tbrnn.constant(5e-4), 10_000)
    assert teachers.arguments["trials"].trials == 128
    assert trained_as(students, tbrnn.linear(1e-2, 1e-3, 10_000), 30_000)
    assert students.arguments["match"] == "states"
    assert same_weights(students.arguments["nets"], teachers.runs.best)
    assert np.array_equal(inputs_of(students), inputs_of(teachers))
    for model in [*teachers.runs.best.models, *students.runs.best.models]:
        assert isinstance(model, tbrnn.LowRankTBRNN)
        assert (model.units, model.rank, model.alpha, model.sigma) == (30, 1, 0.2, 0)
        assert (model.form, model.hard_orth) == ("rate", True)
        assert (model.input_bias, model.output_bias) == (True, True)


@pytest.fixture(scope="module")
def fig4():
    """Its calls: RNN, the two phases of TBRNN, TBRNN_same, GRU."""
    return dict(zip(("rnn", "frozen", "released", "same", "gru"), calls_of("fig4"), strict=True))


@pytest.mark.parametrize(
    ("name", "kind", "lr", "epochs", "train"),
    [
        ("rnn", tbrnn.LowRankRNN, tbrnn.linear(1e-2, 5e-3, 20_000), 20_000, None),
        ("frozen", tbrnn.LowRankTBRNN, tbrnn.constant(5e-3), 10_000, LOW_RANK),
        ("released", tbrnn.LowRankTBRNN, tbrnn.constant(5e-3), 10_000, None),
        ("same", tbrnn.LowRankTBRNN, tbrnn.constant(5e-3), 20_000, LOW_RANK),
        ("gru", tbrnn.LowRankGRU, tbrnn.constant(1e-2), 20_000, None),
    ],
)
def test_fig_4_networks(fig4, name, kind, lr, epochs, train):
    """Section 8.1: one bit, rank one, a = 0.2, no biases; W_in, W_out are frozen or trained."""
    call = fig4[name]
    assert trained_as(call, lr, epochs)
    assert call.asked("match", "train") == ("outputs", train)
    assert call.arguments["trials"].trials == 128
    assert np.array_equal(inputs_of(call), inputs_of(fig4["rnn"]))
    assert len(call.runs) == RUNS
    for model in call.runs.best.models:
        assert isinstance(model, kind)
        assert (model.units, model.rank, model.alpha, model.sigma) == (30, 1, 0.2, 0)
        assert (model.input_bias, model.output_bias) == (False, False)
        assert kind is tbrnn.LowRankGRU or model.form == "rate"  # gated units have none


def test_fig_4_phases_go_on(fig4):
    """Section 8.1: from the best weights of the first phase, with the same Adam."""
    first, second = fig4["frozen"], fig4["released"]
    assert same_weights(second.arguments["nets"], first.runs.best)
    assert second.arguments["optimizer"] is first.runs.optimizer
    assert all(fig4[name].arguments["optimizer"] is None for name in fig4 if name != "released")


@pytest.mark.parametrize("name", ["frozen", "same"])
def test_fig_4_three_body_networks_start_with_the_rnn_s_weights(fig4, name):
    """Section 8.1: W_in and W_out of the run's trained RNN."""
    start, rnn = fig4[name].arguments["nets"], fig4["rnn"].runs.best
    assert np.array_equal(start.w_in, rnn.w_in)
    assert np.array_equal(start.w_out, rnn.w_out)
    assert not same_weights(fig4["frozen"].arguments["nets"], fig4["same"].arguments["nets"])


@pytest.fixture(scope="module")
def table2():
    return calls_of("table2", trials=11, candidates=100)


def test_table_2_networks(table2):
    """Section 10: one unit per protein, sigmoid of the state as output, x_0 = frame 0 as it is."""
    assert EXPERIMENTS["table2"].load_protocol("paper").trials == 256
    kinds = [type(call.runs.best.models[0]) for call in table2]
    assert kinds == [tbrnn.RNN, tbrnn.TBRNN, tbrnn.HORNN]
    for call in table2:
        assert trained_as(call, tbrnn.constant(1e-4), 30_000)
        assert call.asked("match", "train") == ("outputs", None)
        trials = call.arguments["trials"]
        course = MultiFate().trajectories(np.concatenate(trials.initial_states))
        assert_close(np.concatenate(trials.targets), course, "Runge-Kutta steps of MultiFate")
        assert not trials.inputs.any()
        for model in call.runs.best.models:
            assert (model.units, model.alpha, model.sigma) == (30, 0.2, 0)
            assert (model.form, model.phi, model.phi_out) == ("rate", "tanh", "sigmoid")
            assert (model.readout, model.input_bias) == ("identity", True)


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_all_networks_of_an_experiment_have_seeds_of_their_own(name, request):
    """Section 13: everything is seeded; fresh networks of different names are different draws."""
    found = request.getfixturevalue(name)
    calls = list(found.values()) if isinstance(found, dict) else found
    fresh = [call for call in calls if call.arguments.get("optimizer") is None]
    seeds = [seed for call in fresh for seed in call.runs.seed]
    assert len(seeds) == len(set(seeds))
