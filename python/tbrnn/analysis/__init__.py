"""Scores of what networks do: each a named, versioned metric (``METRICS``)."""

from tbrnn.analysis.metric import Metric
from tbrnn.analysis.scores import METRICS, accuracy, r2_per_trial, r2_pooled, squared_error

__all__ = ["METRICS", "Metric", "accuracy", "r2_per_trial", "r2_pooled", "squared_error"]
