"""Losses: a line per member, on an axis that has room for all of them."""

from dataclasses import replace

import numpy as np
import pytest

from plot.drawn import curves, texts
from tbrnn import plot


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


def test_runs_without_records_are_refused(runs):
    empty = replace(runs, history=[history[:0] for history in runs.history])
    for status, given in (("capped", "no records"), ("diverged", "runs that all diverged before")):
        ended = replace(empty, status=np.full(len(empty), status))
        with pytest.raises(ValueError, match=f"with record_every above 0, got {given}"):
            plot.loss(ended)
