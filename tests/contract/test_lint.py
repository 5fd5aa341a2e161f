"""LINT: students of all ranks of all teachers, matched to activity, scored with their readout."""

from dataclasses import replace

import numpy as np
import pytest

import tbrnn
from reference import network, schedules
from reference.lint import lint as oracle_lint
from tolerances import assert_close

INPUTS = np.random.default_rng(5).normal(0, 1, (6, 7, 3))
TRIALS = tbrnn.Trials(INPUTS)
TEACHER = tbrnn.LowRankTBRNN(
    units=5, rank=2, inputs=3, outputs=4, alpha=0.3, phi_out="sigmoid", scale=1.0
)
CODES = {tbrnn.LowRankRNN: 2, tbrnn.LowRankTBRNN: 4, tbrnn.LowRankHORNN: 6}


def teachers(model=TEACHER, members=3, dtype="float64"):
    """Networks with inputs and drives of order one."""
    start = model.initial(range(members), dtype=dtype)
    return tbrnn.Ensemble.from_arrays(model, {name: 1.5 * a for name, a in start.arrays.items()})


def students(nets, **options):
    defaults = {"ranks": [1, 3], "trials": TRIALS, "epochs": 8, "lr": 1e-2, "record_every": 1}
    return tbrnn.lint(nets, options.pop("student", tbrnn.LowRankRNN), **defaults | options)


def test_students_are_ordered_by_teacher_then_rank():
    runs = students(teachers())
    assert runs.teacher.tolist() == [0, 0, 1, 1, 2, 2]
    assert runs.rank.tolist() == [1, 3] * 3
    assert len(runs) == len(runs.best) == 6
    assert runs.seed == [(0, t, 2, r) for t in range(3) for r in (1, 3)]


@pytest.mark.parametrize("form", ["rate", "voltage"])
@pytest.mark.parametrize("match", ["rates", "states"])
@pytest.mark.parametrize("student", [tbrnn.LowRankRNN, tbrnn.LowRankTBRNN])
def test_lint_is_the_oracle(student, match, form):
    nets = teachers(replace(TEACHER, form=form))
    runs = students(nets, student=student, match=match, seed=4)
    shared = {"alpha": 0.3, "form": form, "phi_out": "sigmoid"}
    teacher = network.Network("LowRankTBRNN", **shared)
    pupil = network.Network(student.__name__, **shared)
    for i, (t, rank) in enumerate(zip(runs.teacher, runs.rank, strict=True)):
        model = student(units=5, rank=int(rank), inputs=3, outputs=5, readout="identity")
        start = model.initial([(4, int(t), CODES[student], int(rank))], dtype="float64")
        run = oracle_lint(
            pupil,
            {name: array[0] for name, array in start.arrays.items()},
            teacher,
            nets[int(t)].arrays,
            INPUTS,
            match,
            epochs=8,
            lr=schedules.constant(1e-2),
        )
        assert_close(runs.history[i]["loss"], [run.before, *run.losses], "training")
        for name, array in runs.best[i].arrays.items():
            assert_close(array, run.best[name], "training", name)


def test_students_carry_the_teachers_readout():
    nets = teachers()
    runs = students(nets)
    for name in ("best", "last"):
        for i, pupil in enumerate(getattr(runs, name)):
            teacher = nets[int(runs.teacher[i])]
            assert np.array_equal(pupil.w_out, teacher.w_out)
            assert np.array_equal(pupil.b_out, teacher.b_out)
            assert pupil.model.phi_out == "sigmoid"
            activity = pupil.simulate(INPUTS)
            sigmoid = 1 / (1 + np.exp(-activity.states))
            outputs = sigmoid @ teacher.w_out.T + teacher.b_out
            assert_close(activity.outputs, outputs, "float64 values")


@pytest.mark.parametrize("match", ["rates", "states"])
def test_losses_are_of_the_activity_that_is_matched(match):
    nets = teachers(replace(TEACHER, phi_out="tanh"))
    runs = students(nets, match=match)
    goal = getattr(nets.simulate(INPUTS), match)[runs.teacher]
    ours = [getattr(net.simulate(INPUTS), match) for net in runs.best]
    errors = [np.mean((a - b) ** 2) for a, b in zip(ours, goal, strict=True)]
    assert_close(runs.best_loss, errors, "float64 values")


def test_a_student_alone_is_the_student_in_company():
    nets = teachers(dtype="float32")
    full = students(nets, sigma=0.1)
    alone = students(nets[[2]], ranks=[3], sigma=0.1)
    assert alone.best_loss[0] == full.best_loss[5]
    assert np.array_equal(alone.best[0].m, full.best[5].m)
    assert alone.history[0].tobytes() == full.history[5].tobytes()


def test_students_are_like_their_teachers():
    model = replace(TEACHER, input_bias=False, output_bias=False, hard_orth=True, form="voltage")
    for student, ranks in ((tbrnn.LowRankTBRNN, [2]), (tbrnn.LowRankHORNN, [(2, 1)])):
        for pupil in students(teachers(model), student=student, ranks=ranks).best:
            expected = {
                name: getattr(model, name)
                for name in ("units", "inputs", "outputs", "alpha", "form", "phi", "phi_out")
            }
            assert all(getattr(pupil.model, name) == value for name, value in expected.items())
            assert not pupil.model.input_bias
            assert not pupil.model.output_bias
            assert pupil.model.ranks == tuple(np.atleast_1d(ranks[0]))
            assert getattr(pupil.model, "hard_orth", True)


@pytest.mark.parametrize("alpha", [0.3, 1.0])
@pytest.mark.parametrize("teacher", [tbrnn.RNN, tbrnn.TBRNN])
def test_scale_of_students_of_a_full_rank_is_that_of_its_mode(teacher, alpha):
    nets = teacher(units=5, inputs=3, outputs=4, alpha=alpha).initial([0], dtype="float64")
    for student, usual in ((tbrnn.LowRankRNN, 1 / 5), (tbrnn.LowRankTBRNN, 1 / 25)):
        scales = students(nets, student=student, epochs=1).best.models[0].scales
        assert scales[student is tbrnn.LowRankTBRNN] == (1.0 if alpha == 1 else usual)


def test_students_of_one_rank_start_from_equal_weights():
    runs = students(teachers(members=1), ranks=[2, 2], lr=[1e-3, 1e-2])
    assert runs.history[0]["loss"][0] == runs.history[1]["loss"][0]
    assert runs.last_loss[0] != runs.last_loss[1]


def test_seeds_of_each_teacher():
    nets = teachers()
    runs = students(nets, seed=[(9, 0), (9, 1), 5])
    assert runs.seed[2:] == [(9, 1, 2, 1), (9, 1, 2, 3), (5, 2, 1), (5, 2, 3)]


def test_data_sets_of_each_teacher():
    nets = teachers()
    both = tbrnn.Trials.stack([TRIALS, tbrnn.Trials(INPUTS[::-1] + 1)])
    runs = students(nets, trials=both, dataset=[1, 0, 1])
    for t, index in enumerate([1, 0, 1]):
        alone = students(nets[[t]], trials=both.dataset(index))
        assert np.array_equal(runs.best_loss[2 * t : 2 * t + 2], alone.best_loss)


def test_initial_states_are_those_of_the_trials():
    nets = teachers(members=1)
    start = np.full((6, 5), 0.5)
    runs = students(nets, trials=tbrnn.Trials(INPUTS, initial_states=start), match="states")
    goal = nets.simulate(INPUTS, start).states[0]
    ours = runs.best[0].simulate(INPUTS, start).states
    assert_close(runs.best_loss[0], np.mean((ours - goal) ** 2), "float64 values")


def test_a_student_of_the_teachers_class_and_rank_learns_it():
    teacher = tbrnn.LowRankRNN(units=20, rank=1, inputs=3, outputs=2).initial([1])
    runs = students(teacher, ranks=[1], epochs=2000, stall=None)
    assert runs.status.tolist() == ["converged"]
    states, reference = (nets[0].simulate(INPUTS).states for nets in (runs.best, teacher))
    assert tbrnn.analysis.r2_pooled(states, reference) > 0.99


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"match": "outputs"}, ValueError, "match must be one of 'rates', 'states', got"),
        ({"ranks": []}, ValueError, "ranks must be at least one rank, got none"),
        ({"ranks": 3}, TypeError, "ranks must be a list of ranks"),
        ({"ranks": [6]}, ValueError, "rank must be a whole number from 1 to 5, got 6"),
        ({"ranks": [0]}, ValueError, "rank must be a whole number from 1 to 5, got 0"),
        ({"student": "LowRankRNN"}, TypeError, "student_class must be a class such as"),
        ({"student": tbrnn.LowRankHORNN}, ValueError, "rank must be a pair"),
        ({"trials": INPUTS}, TypeError, "trials must be tbrnn.Trials"),
        ({"trials": tbrnn.Trials(INPUTS[..., :1])}, ValueError, "inputs must be .* with 3 inputs"),
        ({"seed": [1, 2]}, ValueError, "seed must be .* 3 members, got 2 entries"),
        ({"dataset": [0, 0]}, ValueError, "dataset must be .* 3 members, got 2 values"),
    ],
)
def test_mistakes(options, error, message):
    with pytest.raises(error, match=message):
        students(teachers(), **options)


def test_teachers_must_be_an_ensemble():
    with pytest.raises(TypeError, match="nets must be an Ensemble of teachers"):
        students(TEACHER)
