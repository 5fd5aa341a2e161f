"""Pictures of trials, trainings, scores and dynamics.

Every function draws into ``ax`` and returns it; without ``ax`` a new figure is made. Nothing is
shown or saved, and no global style is touched.
"""

from tbrnn.plot.dynamics import kappa_flow, phase_portrait
from tbrnn.plot.groups import embedding
from tbrnn.plot.ranks import r2_by_rank
from tbrnn.plot.traces import trial
from tbrnn.plot.training import loss

__all__ = ["embedding", "kappa_flow", "loss", "phase_portrait", "r2_by_rank", "trial"]
