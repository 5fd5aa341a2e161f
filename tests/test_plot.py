"""Plots draw what they are given into the axes they are given, and leave the style alone."""

from dataclasses import replace
from itertools import combinations

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import pytest

import tbrnn
from tbrnn import Trials, plot
from tbrnn.tasks import FlipFlop, MultiFate, SineWave

matplotlib.use("agg")


@pytest.fixture(autouse=True)
def _no_style_and_no_figure_is_left_behind():
    before = dict(matplotlib.rcParams)
    yield
    plt.close("all")
    assert dict(matplotlib.rcParams) == before


@pytest.fixture
def ax():
    return plt.figure().add_subplot()


def texts(ax):
    return [text.get_text() for text in ax.get_legend().get_texts()]


def test_trial_draws_inputs_targets_and_outputs(ax):
    trials = FlipFlop(bits=3).sample(4, seed=0)
    assert plot.trial(trials, 0.5 * trials.targets, index=2, ax=ax) is ax
    lines = [line.get_ydata() for line in ax.lines]
    assert len(lines) == 6
    spacing = ax.get_yticks()[0] - ax.get_yticks()[1]
    assert np.allclose(lines[1] + spacing, trials.targets[2, :, 1])
    assert np.allclose(lines[5] + 2 * spacing, 0.5 * trials.targets[2, :, 2])
    assert texts(ax) == ["input", "target", "output"]


def test_trial_without_outputs_or_targets():
    assert len(plot.trial(SineWave().sample(2)).lines) == 1
    assert len(plot.trial(Trials(np.ones((2, 5, 1)))).lines) == 0


@pytest.mark.parametrize(
    ("trials", "outputs", "message"),
    [
        (SineWave().sample(2), np.zeros((2, 99, 1)), r"outputs must be of the targets' shape"),
        (Trials.stack([SineWave().sample(2)] * 2), None, "trials must be one data set, got 2"),
        (Trials(np.ones((2, 5, 1))), np.ones((2, 4, 1)), "outputs must be .* 2 trials and 5 steps"),
    ],
)
def test_trial_errors(trials, outputs, message):
    with pytest.raises(ValueError, match=message):
        plot.trial(trials, outputs)
    assert plt.get_fignums() == []


def test_trial_of_many_channels_is_legible():
    """Few labels, a row of its own for each curve, and no word for inputs that are not there."""
    trials = MultiFate(candidates=100).sample(2, seed=0)
    ax = plot.trial(trials)
    assert texts(ax) == ["target"]
    assert len(ax.collections) == 0
    ax.figure.draw_without_rendering()
    boxes = [label.get_window_extent() for label in ax.get_yticklabels()]
    assert not any(one.overlaps(other) for one, other in combinations(boxes, 2))
    first, second = (ax.transData.transform([(0, y), (0, y - 1)])[:, 1] for y in (0, -1))
    unit = first[0] - second[0]
    row = unit * (ax.get_yticks()[0] - ax.get_yticks()[1]) / 3  # of ten labels for thirty channels
    assert row > 20  # pixels
    assert unit * np.ptp(np.concatenate([[0], trials.targets[0].ravel()])) > 0.75 * row


def test_trial_of_answers_that_diverged_is_drawn_up_to_there(ax):
    trials = tbrnn.tasks.FlipFlop(bits=2).sample(8)
    answers = np.array(trials.targets)
    limits = plot.trial(trials, answers, index=3).get_ylim()
    answers[3, 60:] = np.inf, np.nan
    assert plot.trial(trials, answers, index=3, ax=ax).get_ylim() == pytest.approx(limits)


def test_trial_of_large_inputs_says_what_they_are_divided_by():
    targets = np.linspace(0, 0.5, 5).reshape(1, 5, 1)
    ax = plot.trial(Trials(np.full((1, 5, 1), 100.0), targets=targets))
    assert texts(ax) == ["input / 200", "target"]
    heights = [segment[1, 1] for segment in ax.collections[0].get_segments()]
    assert np.allclose(heights, 0.5)


def parts(ax, colour):
    """The x of what is drawn in full, faint and as dots in a colour, line by line."""
    drawn = [line for line in ax.lines if line.get_color() == colour and len(line.get_xdata())]
    kinds = {"full": [], "faint": [], "dots": []}
    for line in drawn:
        kind = "faint" if line.get_alpha() else "dots" if line.get_marker() == "." else "full"
        kinds[kind].append(line.get_xdata()[np.isfinite(line.get_ydata())].tolist())
    return kinds


@pytest.mark.parametrize("colour", ["#3a9a5b", "#d1495b"])
def test_trial_is_faint_where_it_does_not_count(ax, colour):
    mask = np.zeros((2, 7, 2))
    mask[1, :3, 0], mask[1, 5, 1] = 0.1, 2.0
    targets = np.full(mask.shape, np.nan)
    targets[mask > 0] = 1.0
    trials = Trials(np.ones((2, 7, 1)), targets=np.where(mask > 0, targets, 0.5), mask=mask)
    plot.trial(trials, trials.targets, index=1, ax=ax)
    full, faint = [[0, 1, 2], [5]], [[2, 3, 4, 5, 6], [*range(7)]]
    assert parts(ax, colour) == {"full": full, "faint": faint, "dots": [[5]]}
    assert texts(ax) == ["input", "target", "output", "does not count"]
    unread = plot.trial(Trials(trials.inputs, targets=targets, mask=mask), index=1)
    assert parts(unread, "#3a9a5b") == {"full": full, "faint": [[2], [5]], "dots": [[5]]}


def test_trial_with_a_mask_for_all_channels(ax):
    mask = np.ones((1, 5, 1))
    mask[0, 2] = 0
    plot.trial(Trials(np.ones((1, 5, 1)), targets=np.ones((1, 5, 2)), mask=mask), ax=ax)
    dots = {"full": [[0, 1, 3, 4]] * 2, "faint": [[1, 2, 3]] * 2, "dots": []}
    assert parts(ax, "#3a9a5b") == dots
    assert parts(plot.trial(SineWave().sample(1)), "#3a9a5b")["faint"] == []


def test_a_trial_of_one_step_is_dots(ax):
    one = np.ones((1, 1, 1))
    plot.trial(Trials(one, targets=one), one, ax=ax)
    assert parts(ax, "#d1495b")["dots"] == parts(ax, "#3a9a5b")["dots"] == [[0]]


def test_targets_lie_above_outputs_and_small_inputs_are_as_they_are(ax):
    targets = np.ones((1, 5, 1))
    plot.trial(Trials(1.9 * targets, targets=targets), targets, ax=ax)
    target, output = ax.lines
    assert target.get_zorder() > output.get_zorder()
    assert texts(ax) == ["input", "target", "output"]


def test_a_trial_of_nothing_has_no_legend(ax):
    assert plot.trial(Trials(np.zeros((2, 5, 1))), ax=ax).get_legend() is None


def test_steps_and_epochs_are_whole(runs):
    single = plot.loss(curves(runs, [0.5]))
    short = plot.trial(Trials(np.ones((1, 3, 1))))
    for ax in (single, short):
        ax.figure.draw_without_rendering()
        assert all(float(tick).is_integer() for tick in ax.get_xticks())
    logarithmic = plt.figure().add_subplot(xscale="log")
    plot.trial(Trials(np.ones((1, 3, 1))), ax=logarithmic)
    assert logarithmic.get_xscale() == "log"


@pytest.fixture(scope="module")
def runs():
    model, trials = tbrnn.LowRankRNN(units=5, rank=1, inputs=1, outputs=1), FlipFlop(bits=1)
    return tbrnn.fit(
        model,
        trials.sample(4),
        members=3,
        validation=trials.sample(4, seed=1),
        epochs=20,
        evaluate_every=4,
        record_every=2,
    )


def test_loss_has_a_line_per_member_and_a_label_per_status(ax, runs):
    history = runs.history[0].copy()
    history["validation"] = history["loss"][2] = np.nan
    status = np.array(["converged", "capped", "converged"])
    assert plot.loss(replace(runs, history=[history] * 3, status=status), ax=ax) is ax
    assert ax.get_yscale() == "log"
    assert ax.get_ylabel() == "training loss"
    drawn = [line for line in ax.lines if len(line.get_xdata())]
    epochs = np.delete(history["epoch"] + 1, 2).tolist()
    assert [line.get_xdata().tolist() for line in drawn] == [epochs] * 3
    assert texts(ax) == ["converged", "capped"]


def test_loss_of_the_validation_trials_is_dashed(ax, runs):
    plot.loss(runs, ax=ax)
    assert texts(ax) == [*dict.fromkeys(runs.status), "training", "validation"]
    drawn = [line for line in ax.lines if len(line.get_xdata())]
    assert [line.get_linestyle() for line in drawn] == ["-", "--"] * 3
    seen = runs.history[1][np.isfinite(runs.history[1]["validation"])]
    assert np.array_equal(drawn[3].get_ydata(), seen["validation"])
    assert ax.get_ylabel() == "loss"


def curves(runs, *losses, status="capped"):
    """Runs of the first members with these losses for every tenth epoch."""
    history = [np.zeros(len(values), runs.history[0].dtype) for values in losses]
    for records, values in zip(history, losses, strict=True):
        records["epoch"], records["loss"] = 10 * np.arange(len(values)) - 1, values
        records["validation"] = np.nan
    members = [i % len(runs) for i in range(len(losses))]
    return replace(runs[members], history=history, status=np.full(len(losses), status))


def test_a_single_record_is_a_dot(ax, runs):
    plot.loss(curves(runs, [0.5], [0.4, 0.3], status="diverged"), ax=ax)
    drawn = [line for line in ax.lines if len(line.get_xdata())]
    assert [line.get_marker() for line in drawn] == ["o", ""]


def test_losses_of_many_members_are_fainter(runs):
    few, many = (plot.loss(curves(runs, *[[0.5, 0.4]] * members)) for members in (20, 60))
    assert many.lines[0].get_alpha() < few.lines[0].get_alpha() == 0.8


@pytest.mark.parametrize(("least", "scale"), [(0.0, "symlog"), (1e-3, "log")])
def test_losses_of_0_have_a_place_on_the_axis(ax, runs, least, scale):
    plot.loss(curves(runs, [1.0, 0.1, least]), ax=ax)
    assert ax.get_yscale() == scale
    ax.figure.draw_without_rendering()
    bottom, end = ax.transAxes.transform((0, 0))[1], ax.transData.transform((0, least))[1]
    assert end > bottom
    nothing = plot.loss(curves(runs, [0.0, 0.0]))
    nothing.figure.draw_without_rendering()
    assert nothing.get_ylim()[0] < 0 < nothing.get_ylim()[1]


def test_r2_below_the_floor_becomes_an_arrow(ax):
    assert plot.r2_by_rank([1, 2, 3], [-40.0, 0.5, 0.95], label="students", ax=ax) is ax
    curve, dots, arrows = ax.lines
    assert curve.get_ydata().tolist() == [-1, 0.5, 0.95]
    assert dots.get_ydata().tolist() == [0.5, 0.95]
    assert arrows.get_ydata().tolist() == [-1]
    assert arrows.get_marker() == "v"
    assert texts(ax) == ["students"]


@pytest.mark.parametrize("ranks", [range(1, 31), range(1, 201), [1, 2, 4, 8, 16, 32, 64], [3, 1]])
def test_named_ranks_are_apart(ranks):
    ax = plot.r2_by_rank(ranks, np.linspace(0, 1, len(ranks)))
    assert ax.lines[0].get_xdata().tolist() == sorted(ranks)
    ax.figure.draw_without_rendering()
    low, high = ax.get_xlim()
    named = [text for text in ax.get_xticklabels() if low <= text.get_position()[0] <= high]
    boxes = [text.get_window_extent() for text in named]
    assert len(boxes) >= 2
    assert not any(one.overlaps(other) for one, other in combinations(boxes, 2))


@pytest.mark.parametrize("floor", [-1.0, -0.3, 0.8])
def test_the_axis_of_r2_says_what_is_below_the_floor(ax, floor):
    """And has room for arrows there, and none of its labels beneath another."""
    plot.r2_by_rank([1, 2], [-3.0, 1.0], floor=floor, ax=ax)
    ax.figure.draw_without_rendering()
    labels = ax.get_yticklabels()
    assert labels[0].get_text() == f"≤ {floor:g}".replace("-", "−")
    boxes = [label.get_window_extent() for label in labels]
    assert not any(one.overlaps(other) for one, other in combinations(boxes, 2))
    low, high = ax.transData.transform([(1, ax.get_ylim()[0]), (1, floor)])[:, 1]
    assert high - low > ax.lines[-1].get_markersize()
    assert ax.get_legend() is None


def test_a_new_figure_is_made_without_axes():
    first, second = plot.r2_by_rank([1], [0.5]), plot.r2_by_rank([1], [0.5])
    assert first.figure is not second.figure


def rank_one(cls, members=1):
    model = cls(units=12, rank=1, inputs=1, outputs=1, input_bias=False)
    nets = model.initial(range(members), dtype="float64")
    return tbrnn.Ensemble.from_arrays(model, {**nets.arrays, "n": 3 * nets.m})


def test_kappa_flow_marks_the_roots(ax):
    net = rank_one(tbrnn.LowRankRNN)[0]
    points = tbrnn.analysis.fixed_points(net)
    assert plot.kappa_flow(net, ax=ax) is ax
    zero, curve, unstable, stable = ax.lines  # the last are on top
    assert np.allclose(stable.get_xdata(), points.kappa[points.stable, 0])
    assert np.allclose(unstable.get_xdata(), points.kappa[~points.stable, 0])
    assert unstable.get_markerfacecolor() == "white"
    k = curve.get_xdata()
    assert np.allclose(curve.get_ydata(), tbrnn.analysis.flow(net, k[:, None])[:, 0])
    assert ax.get_xlim() == pytest.approx((-1.25 * points.kappa.max(), 1.25 * points.kappa.max()))


def test_kappa_flow_whose_only_root_is_rounding_is_drawn_about_0(ax):
    net = rank_one(tbrnn.LowRankTBRNN)[0]
    assert np.abs(tbrnn.analysis.fixed_points(net).kappa).max() < 1e-9
    assert plot.kappa_flow(net, ax=ax).get_xlim() == (-1, 1)


def test_kappa_flow_of_unbounded_rates_is_drawn_as_far_as_told(ax):
    model = tbrnn.LowRankRNN(units=10, rank=1, inputs=1, outputs=1, phi="relu")
    assert plot.kappa_flow(model.initial([0])[0], within=2.0, ax=ax).get_xlim() == (-2, 2)


def test_phase_portrait_marks_what_it_is_given(ax):
    net = rank_one(tbrnn.LowRankRNN)[0]
    points = tbrnn.analysis.fixed_points(net)
    plane = tbrnn.analysis.pca(net.simulate(FlipFlop(bits=1).sample(9).inputs).states)
    field = tbrnn.analysis.plane_flow(net, plane, (4.0, 2.0), points=15)
    assert plot.phase_portrait(field, points, ax=ax) is ax
    assert (ax.get_xlim(), ax.get_ylim()) == ((-4, 4), (-2, 2))
    unstable, stable = ax.lines
    places = plane.project(points.states)
    assert np.allclose(np.transpose(stable.get_data()), places[points.stable])
    assert np.allclose(np.transpose(unstable.get_data()), places[~points.stable])
    assert len(plot.phase_portrait(field).lines) == 0
    assert min(len(ax.get_xticks()), len(ax.get_yticks())) > 2
    assert ax.get_legend() is None


@pytest.mark.parametrize("grid", [15, 16, 100])
def test_phase_portrait_is_faint_where_the_flow_does_not_rest(ax, grid):
    net = rank_one(tbrnn.LowRankRNN)[0]
    along = np.array(net.m)[:, 0] / np.linalg.norm(net.m)  # of all fixed points
    across = np.linalg.qr(np.stack([along, *np.eye(12)[:1]], axis=1))[0][:, 1]
    plane = tbrnn.analysis.PCA(np.zeros(12), np.stack([along, across]), np.ones(12))
    field = tbrnn.analysis.plane_flow(net, plane, (9.0, 9.0), points=grid)
    points = tbrnn.analysis.fixed_points(net)
    on = plot.phase_portrait(field, points)
    assert [(line.get_alpha(), len(line.get_xdata())) for line in on.lines] == [(1, 1), (1, 2)]
    assert on.get_legend() is None
    streaming = replace(field, velocity=field.velocity + [0.0, 3.0])
    plot.phase_portrait(streaming, points, ax=ax)
    unstable, stable, *none = ax.lines
    assert unstable.get_alpha() == stable.get_alpha() == 0.35
    assert (len(unstable.get_xdata()), len(stable.get_xdata())) == (1, 2)
    assert [len(line.get_xdata()) for line in none] == [0, 0]
    assert texts(ax) == ["off the plane"]


def test_groups_may_be_numbers(ax):
    plot.embedding(np.eye(4)[:, :2], [0, 0, 1, 1], colors={0: "red", 1: "blue"}, ax=ax)
    assert [patch.get_facecolor()[:3] for patch in ax.patches] == [(1, 0, 0), (0, 0, 1)]


def test_embedding_draws_groups_and_their_distances(ax):
    points = np.array([[0.0, 0.0], [0.0, 2.0], [3.0, 1.0], [3.0, 5.0]])
    assert plot.embedding(points, ["a", "a", "b", "b"], ax=ax) is ax
    assert texts(ax) == ["a", "b"]
    assert [text.get_text() for text in ax.texts] == [f"{np.hypot(3, 2):.2f}"]
    assert np.allclose(ax.collections[0].get_offsets(), points[:2])
    same = plot.embedding(tbrnn.analysis.Embedding(points, 0.0, np.zeros(1)), ["a", "a", "b", "b"])
    assert np.allclose(same.collections[0].get_offsets(), points[:2])
    first = ax.patches[0]
    assert first.center == (0, 1)
    assert (first.width, first.height) == pytest.approx((3 * np.sqrt(2), 3 * np.sqrt(1e-3)))
    assert abs(first.angle) == pytest.approx(90)
    assert np.allclose(ax.lines[0].get_data(), [[0, 3], [1, 3]])


def test_lengths_of_edges_in_one_line_do_not_overlap():
    ax = plt.figure(figsize=(2, 2)).add_subplot()
    centres = np.array([[0.0, 0.0], [2.0, 0.4], [3.0, 0.7]])
    around = np.array([[0.1, 0.0], [-0.1, 0.0], [0.0, 0.1], [0.0, -0.1]])
    points = (centres[:, None] + around).reshape(-1, 2)
    plot.embedding(points, np.repeat(["a", "b", "c"], 4), ax=ax)
    ax.figure.draw_without_rendering()
    boxes = [text.get_window_extent() for text in ax.texts]
    assert len(boxes) == 3
    assert not any(one.overlaps(other) for one, other in combinations(boxes, 2))


def embedding_of(groups, members, scale=1.0, **options):
    """So many groups around a circle, far apart."""
    turn = 2 * np.pi * np.arange(groups) / groups
    centres = scale * np.stack([np.cos(turn), np.sin(turn)], axis=1)
    around = 0.1 * scale * np.random.default_rng(0).normal(size=(groups, members, 2))
    names = np.repeat([f"group {g}" for g in range(groups)], members)
    return plot.embedding((centres[:, None] + around).reshape(-1, 2), names, **options)


def test_many_groups_have_ticks_for_lengths_and_a_legend_beside():
    few, many = embedding_of(4, 10), embedding_of(7, 10)
    assert (len(few.texts), len(few.get_xticks())) == (6, 0)
    assert len(many.texts) == 0
    assert len(many.get_xticks()) > 2
    assert len(many.collections) == 7  # of points, none of edges
    many.figure.draw_without_rendering()
    assert many.get_legend().get_window_extent().x0 > many.get_window_extent().x1
    given = embedding_of(7, 10, ax=plt.figure().add_subplot())  # may have a neighbour
    given.figure.draw_without_rendering()
    assert given.get_legend().get_window_extent().x1 < given.get_window_extent().x1


def test_a_group_of_one_network_has_no_ellipse(ax):
    plot.embedding([[0.0, 0.0], [0.0, 0.1], [3.0, 1.0]], ["a", "a", "b"], ax=ax)
    assert [patch.center for patch in ax.patches] == [(0, 0.05)]
    assert np.allclose(ax.lines[0].get_data(), [[0], [0.05]])


def test_ellipses_of_points_close_together_do_not_cover_one_another():
    """The least variance of an ellipse is that of the paper, for distances of about 1."""
    ax = embedding_of(3, 20, scale=0.01)
    sizes = [max(patch.width, patch.height) for patch in ax.patches]
    assert 0.002 < min(sizes) < max(sizes) < 0.005
    assert ax.texts[0].get_text().startswith("0.01")


def field():
    net = rank_one(tbrnn.LowRankRNN)[0]
    plane = tbrnn.analysis.pca(np.random.default_rng(0).normal(size=(9, 12)))
    return tbrnn.analysis.plane_flow(net, plane, (1.0, 1.0), points=3)


def points(units):
    net = tbrnn.LowRankRNN(units=units, rank=1, inputs=1, outputs=1).initial([0])[0]
    return tbrnn.analysis.fixed_points(net)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: plot.kappa_flow(rank_one(tbrnn.LowRankRNN, 2)),
            "net must be one network, as nets",
        ),
        (
            lambda: plot.kappa_flow(
                tbrnn.LowRankRNN(units=12, rank=2, inputs=1, outputs=1).initial([0])
            ),
            "net must be of rank 1, got",
        ),
        (lambda: plot.phase_portrait(field(), points(13)), "fixed_points must be of 12 units, got"),
        (lambda: plot.trial(SineWave().sample(2), index=2), "index must be .* from -2 to 1, got 2"),
        (lambda: plot.r2_by_rank([1, 2], [0.5]), r"r2 must be one score for each of the 2 ranks"),
        (lambda: plot.r2_by_rank(1, [0.5]), r"ranks must be \(rank,\), got shape \(\)"),
        (lambda: plot.r2_by_rank([1], [0.5], floor=1.0), "floor must be a finite number at most"),
        (lambda: plot.embedding([[np.inf] * 2] * 2, list("ab")), "points must be finite"),
        (lambda: plot.embedding(np.zeros((4, 3)), list("aabb")), r"points must be \(network, 2\)"),
        (
            lambda: plot.embedding(np.zeros((4, 2)), list("aabb"), colors={"a": "red"}),
            "colors must be given for every group, got none for b",
        ),
    ],
)
def test_errors(call, message):
    with pytest.raises(ValueError, match=message):
        call()
    assert plt.get_fignums() == []


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: plot.loss(rank_one(tbrnn.LowRankRNN)), "runs must be Runs, .* got Ensemble"),
        (lambda: plot.trial(np.ones((2, 5, 1))), r"trials must be tbrnn.Trials, got shape"),
        (lambda: plot.trial(SineWave().sample(2), index=0.0), "index must be a whole number"),
        (lambda: plot.phase_portrait(points(12)), "field must be a PlaneFlow, .* got FixedPoints"),
        (
            lambda: plot.phase_portrait(field(), [points(12)]),
            r"fixed_points must be FixedPoints of one network, .*nets\[i\]\), got \[FixedPoints",
        ),
        (lambda: plot.kappa_flow(rank_one(tbrnn.LowRankRNN).model), "net must be an Ensemble"),
        (lambda: plot.r2_by_rank([1], ["a"]), "r2 must be an array of real numbers"),
        (lambda: plot.embedding([["a", "b"]], ["a"]), "points must be an array of real numbers"),
    ],
)
def test_wrong_types(call, message):
    with pytest.raises(TypeError, match=message):
        call()
    assert plt.get_fignums() == []


def test_runs_without_records_are_refused(runs):
    empty = replace(runs, history=[history[:0] for history in runs.history])
    for status, given in (("capped", "no records"), ("diverged", "runs that all diverged before")):
        ended = replace(empty, status=np.full(len(empty), status))
        with pytest.raises(ValueError, match=f"with record_every above 0, got {given}"):
            plot.loss(ended)


def masked(height):
    """Thirty channels, of which only the last step counts."""
    trials = FlipFlop(bits=30).sample(2)
    mask = np.arange(100)[None, :, None] == 99
    return Trials(height * trials.inputs, trials.targets, mask=np.repeat(mask, 2, axis=0))


DRAWN = {
    "embedding": lambda _: embedding_of(7, 3),
    "kappa_flow": lambda _: plot.kappa_flow(rank_one(tbrnn.LowRankTBRNN)[0], within=1e-3),
    "loss": lambda runs: plot.loss(curves(runs, np.linspace(1.01, 1.0), np.linspace(1.0, 1.01))),
    "phase_portrait": lambda _: plot.phase_portrait(field(), points(12)),
    "r2_by_rank": lambda _: plot.r2_by_rank([1, 1000], [-9.0, 0.5], label="students", floor=-123),
    "trial": lambda _: plot.trial(masked(1000), 1e-9 * np.ones((2, 100, 30))),
}


@pytest.mark.parametrize("name", plot.__all__)
def test_nothing_is_cut_off_a_figure_of_its_own(runs, name):
    figure = DRAWN[name](runs).figure
    figure.draw_without_rendering()
    drawn, (width, height) = figure.get_tightbbox(), figure.get_size_inches()
    assert min(drawn.x0, drawn.y0) >= 0
    assert drawn.x1 <= width
    assert drawn.y1 <= height
