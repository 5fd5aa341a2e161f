"""Flows: roots of one overlap, and portraits of planes."""

from dataclasses import replace

import numpy as np
import pytest

import tbrnn
from plot.drawn import field, rank_one, texts
from tbrnn import plot
from tbrnn.tasks import FlipFlop


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


def test_stream_lines_go_where_the_velocity_does(ax):
    across = replace(field(), velocity=np.broadcast_to([2.0, 0.0], (3, 3, 2)))
    plot.phase_portrait(across, ax=ax)
    segments = np.concatenate(ax.collections[0].get_segments())
    heights = [np.ptp(segment[:, 1]) for segment in ax.collections[0].get_segments()]
    assert np.max(heights) < 1e-9
    assert np.ptp(segments[:, 0]) > 1


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
