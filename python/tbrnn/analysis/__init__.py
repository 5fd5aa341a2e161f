"""What networks do: scores and similarities (named, versioned: ``METRICS``), reduced dynamics."""

from tbrnn.analysis.comparisons import (
    COMPARISONS,
    distance,
    pairwise_distance,
    pairwise_similarity,
    similarity,
)
from tbrnn.analysis.components import PCA, pca
from tbrnn.analysis.embedding import Embedding, classical_mds, smacof
from tbrnn.analysis.equilibria import FixedPoints, fixed_points
from tbrnn.analysis.groups import BlockStatistics, Centroids, block_statistics, centroids
from tbrnn.analysis.kappa import KappaDynamics, flow, flow_jacobian, kappa_dynamics
from tbrnn.analysis.metric import Metric
from tbrnn.analysis.portrait import PlaneFlow, plane_flow, velocity
from tbrnn.analysis.scores import (
    SCORES,
    accuracy,
    r2_across_trials,
    r2_per_trial,
    r2_pooled,
    squared_error,
)

METRICS = {**SCORES, **COMPARISONS}

__all__ = [
    "METRICS",
    "PCA",
    "BlockStatistics",
    "Centroids",
    "Embedding",
    "FixedPoints",
    "KappaDynamics",
    "Metric",
    "PlaneFlow",
    "accuracy",
    "block_statistics",
    "centroids",
    "classical_mds",
    "distance",
    "fixed_points",
    "flow",
    "flow_jacobian",
    "kappa_dynamics",
    "pairwise_distance",
    "pairwise_similarity",
    "pca",
    "plane_flow",
    "r2_across_trials",
    "r2_per_trial",
    "r2_pooled",
    "similarity",
    "smacof",
    "squared_error",
    "velocity",
]
