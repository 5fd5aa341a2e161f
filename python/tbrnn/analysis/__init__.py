"""What networks do: scores and similarities (named, versioned: ``METRICS``), reduced dynamics."""

from tbrnn.analysis.fixed_points import FixedPoints, fixed_points
from tbrnn.analysis.kappa import KappaDynamics, flow, flow_jacobian, kappa_dynamics
from tbrnn.analysis.metric import Metric
from tbrnn.analysis.scores import METRICS, accuracy, r2_per_trial, r2_pooled, squared_error

__all__ = [
    "METRICS",
    "FixedPoints",
    "KappaDynamics",
    "Metric",
    "accuracy",
    "fixed_points",
    "flow",
    "flow_jacobian",
    "kappa_dynamics",
    "r2_per_trial",
    "r2_pooled",
    "squared_error",
]
