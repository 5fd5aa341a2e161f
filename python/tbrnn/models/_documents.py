"""What the docstrings of all models share."""

from __future__ import annotations

from typing import TypeVar

from tbrnn._network import Network

Model = TypeVar("Model", bound=type[Network])

UPDATE = """With rates r = phi(x), inputs u, unit Gaussian noise xi and alpha = dt/tau::

        x <- x + alpha (-x + drive(r) + W_in u + b) + sigma xi           form="rate"
        x <- x + alpha (-x + phi(drive(x) + W_in u + b)) + sigma xi      form="voltage"
        o  = W_out phi_out(x) + b_out   (rate)      W_out x + b_out   (voltage)

    With ``cubic`` the leak is ``-x - cubic x^3``."""

SHARED_PARAMETERS = """inputs, outputs : int
        Number of input and output channels.
    alpha : float or one per unit, default 0.2
        Euler step dt/tau, above 0 and at most 1. The published "discrete" mode is
        ``alpha=1, sigma=0``, and ``scale=1`` where there is a scale.
    cubic : float, default 0
        Strength gamma of a soft saturation of the states, which ends the growth of unbounded
        nonlinearities; where alpha cubic x^2 exceeds 2, the step itself diverges.
    sigma : float, default 0
        Standard deviation of the noise added to each unit in each step (not scaled by dt);
        `tbrnn.noise` converts from the literature's conventions.
    input_sigma : float, default 0
        Standard deviation of the noise added to each input in each step, in trainings and in noisy
        simulations.
    rectified_inputs : bool, default False
        Whether noisy inputs are cut off at 0, ``max(0, u + input_sigma xi)``; inputs without noise
        are left alone.
    form : {"rate", "voltage"}, default "rate"
        Which of the two equations (the three-body code's words; much of the field uses them the
        other way round).
    phi : {"tanh", "relu", "leaky_relu", "sigmoid", "softplus", "identity"}, default "<PHI>"
        Nonlinearity of the recurrence, by its name or as a `tbrnn.Nonlinearity`, which gives it a
        slope, a shift or a leak.
    phi_out : same choices, optional
        Nonlinearity of the readout in rate form, phi unless given; voltage form ignores it.
    input_bias, output_bias : bool, default True
        Whether there is a b and a b_out.
    readout : {"matrix", "identity"}, default "matrix"
        "identity": the outputs are phi_out(x) (rate) or x (voltage), without W_out and b_out;
        requires outputs == units.
    bounds : mapping from parameter name to (low, high), optional
        Bounds that every update of a training keeps (projected onto them), None for none:
        ``{"b_in": (0, 0.5), "w_in": (0, None)}``; equal ends fix the value. Initial weights are
        moved into them: by their absolute value where the bounds are (0, None), else clipped.
        Given weights (`Ensemble.from_arrays`, `from_state_dict`) are taken as they are, and moved
        by the first update of their array."""

GATED_PARAMETERS = """inputs, outputs : int
        Number of input and output channels.
    alpha : float, default 0.2
        Euler step dt/tau, above 0 and at most 1; 1 is a discrete step.
    sigma, input_sigma : float, default 0
        Standard deviation of the noise added to each unit, and to each input, in each step.
    rectified_inputs : bool, default False
        Whether noisy inputs are cut off at 0.
    phi : {"tanh", "relu", "leaky_relu", "sigmoid", "softplus", "identity"}, default "tanh"
        Nonlinearity of the candidate, by its name or as a `tbrnn.Nonlinearity`.
    input_bias, output_bias : bool, default True
        Whether there is a bias of each pre-activation, and a b_out.
    readout : {"matrix", "identity"}, default "matrix"
        "identity": the outputs are x, without W_out and b_out; requires outputs == units.
    bounds : mapping from parameter name to (low, high), optional
        Bounds that every update of a training keeps, None for none. Initial weights are moved into
        them, given ones (`Ensemble.from_arrays`, `from_state_dict`) by the first update."""

BULK = """bulk : array (unit, unit), or (gain, seed), optional
        A fixed matrix whose product with the rates joins the drive, unscaled, and is never trained:
        the random connectivity g C of Mastrogiuseppe and Ostojic (2018). A pair (g, seed) draws
        independent entries from Normal(0, g/sqrt(N)), as there, in float64 from
        ``Generator(Philox(SeedSequence(seed)))``. Members share one copy."""

RAISES = """Raises
    ------
    ValueError, TypeError
        Naming the argument, what was expected and what was given."""

SOURCE = """References
    ----------
    Beyond linear summation: Three-Body RNNs for modeling complex neural and biological systems."""


def documented(model: Model) -> Model:
    """Complete a docstring with what the models share."""
    shared = {
        "UPDATE": UPDATE,
        "SHARED": SHARED_PARAMETERS,
        "GATED": GATED_PARAMETERS,
        "BULK": BULK,
        "RAISES": RAISES,
        "SOURCE": SOURCE,
        "PHI": getattr(model, "phi", ""),
    }
    for mark, text in shared.items():
        model.__doc__ = (model.__doc__ or "").replace(f"<{mark}>", text)
    return model
