"""Every tolerance of the tests, with its reason. A test that needs its own is a finding.

An error is relative to the largest entry of the reference array: max |a - b| / max |b|.
"""

import numpy as np

TOLERANCES = {
    # Both sides sum the same products in float64, in another order.
    "float64 values": 1e-12,
    "float64 gradients": 1e-12,
    "float64 gradients of an array": 1e-11,
    # One thread of rounding through a few dozen contracting steps, and the engine's own tanh.
    "float32 values": 1e-5,
    "float32 gradients": 1e-5,
    # One parameter array alone: a sum over trials and steps that cancels loses a digit.
    "float32 gradients of an array": 1e-4,
    # Truncation h^2 f''' / 6 and rounding eps |f| / h balance near h = 1e-5: 1e-9 of either.
    "central differences": 1e-7,
    # The published model code, run in float64.
    "golden values": 1e-10,
    # Metrics are quoted with six decimals, so half a unit of the last one, and ten times
    # float32's rounding of a 500-trial mean.
    "golden metrics float64": 5e-6,
    "golden metrics float32": 2e-5,
    # Sixty Adam updates: 1 / (sqrt(v) + eps) amplifies the rounding of small gradients.
    "golden trace float64": 1e-8,
    "golden trace float32": 1e-5,
    # Of a full tensor the gradients are sums of more and smaller terms: float64 gradients with
    # float32 parameters and Adam already end 6e-5 away.
    "golden tensor trace float64": 1e-8,
    "golden tensor trace float32": 1e-4,
    "golden tensor weights float64": 1e-8,
    "golden tensor weights float32": 1e-3,
    "training": 1e-9,
    # A dozen steps of Adam in float32: rounding of a small gradient becomes a part of a whole step.
    "float32 training": 1e-4,
    # What the engines promise of each other for a hundred epochs of a small network.
    "loss curves": 1e-4,
    # Reordering trials reorders the sums over tiles in float64.
    "permuted trials": 1e-12,
    # Counts and integers.
    "exact": 0.0,
    # An inverse of condition number below 10 costs a digit.
    "inverse of a small matrix": 1e-11,
    # Alternating least squares converge linearly; they stop at a change of 1e-12 per sweep.
    "alternating least squares": 1e-6,
    # Half a unit of the last of four decimals, and a few of 38,400 signs that sit on zero.
    "golden figures of four decimals": 1e-4,
    "golden figures of three decimals": 5e-4,
    # Roots of the flow solve it to 1e-10 of 1 + |kappa|, stretched by states and slopes.
    "roots": 1e-8,
    # They are solved to 1e-15 of the search, here 1e9 wide.
    "roots of a wide search": 1e-6,
    # A root that is born grows as the square root of g - 1, of which float64 keeps three digits.
    "newborn roots": 1e-2,
    # The square root of 1e-14, which is what rounding leaves of 0, relative to a fourth or more.
    "roots of rounding": 1e-6,
    # A step of alpha = 1e-4 is a difference of states, whose rounding in float64 alpha divides.
    "slow velocities": 1e-10,
    # States of 1e-4 leave the reached span in second order; with a vector left out, 0.1 to 1.
    "drives of small states": 1e-4,
    # Least squares with components to spare may stop a little elsewhere.
    "spare components": 0.01,
    # Four steps of fourth order per frame; measured 8e-7 where proteins switch fastest.
    "Runge-Kutta steps of MultiFate": 1e-6,
    # The published trajectories are Radau's at its default tolerances, relative 1e-3 per step.
    "published Radau, rms": 1.5e-5,
    "published Radau": 1.8e-3,
    # A shift of three standard deviations and a scale of 100 cost three digits of a variance.
    "shifted sums": 1e-9,
    # Box-Muller with the engine's own logarithm and sine.
    "normals float32": 2e-6,
    "normals float64": 1e-14,
}


def error(a, reference):
    a, reference = np.asarray(a, float), np.asarray(reference, float)
    assert a.shape == reference.shape, f"{a.shape} is not {reference.shape}"
    return np.max(np.abs(a - reference), initial=0) / max(
        np.max(np.abs(reference), initial=0), np.finfo(float).tiny
    )


def assert_close(a, reference, name, what=""):
    size = error(a, reference)
    assert size <= TOLERANCES[name], f"{what}: error {size:.2e}, allowed {name}"
