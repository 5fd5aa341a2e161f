"""Noise levels of the literature as the noise per step that a network's ``sigma`` is.

Here a step adds ``sigma xi`` to the state, behind the leak and outside any nonlinearity. Papers
write the same noise in several ways, which these functions convert. Noise inside the nonlinearity,
``x <- x + alpha (-x + phi(W x + W_in u + eta))``, is another model and not among them.

>>> import tbrnn
>>> sigma = tbrnn.noise.diffusion(0.05, alpha=0.2)
>>> model = tbrnn.LowRankRNN(units=30, rank=1, inputs=1, outputs=1, alpha=0.2, sigma=sigma)
"""

from __future__ import annotations

import math

from tbrnn._arguments import number

__all__ = ["diffusion", "input_diffusion", "stationary", "within_bracket"]


def diffusion(sigma: float, alpha: float) -> float:
    """Noise per step of ``alpha (-x + ... + sqrt(2 / alpha) sigma xi)``: sqrt(2 alpha) sigma.

    The Euler-Maruyama step of ``tau dx = (-x + ...) dt + sqrt(2 tau) sigma dW``, whose free unit
    fluctuates with the standard deviation sigma up to a factor ``1 / sqrt(1 - alpha / 2)``.

    Parameters
    ----------
    sigma : float
        At least 0.
    alpha : float
        dt/tau, above 0 and at most 1.

    Returns
    -------
    float

    Raises
    ------
    ValueError, TypeError
        Naming the argument, what was expected and what was given.

    References
    ----------
    Song, Yang and Wang, "Training excitatory-inhibitory recurrent neural networks for cognitive
    tasks", PLoS Computational Biology 2016; Yang et al., "Task representations in neural networks
    trained to perform many cognitive tasks", Nature Neuroscience 2019.

    Examples
    --------
    >>> round(diffusion(0.01, 0.1), 5)
    0.00447
    """
    sigma, alpha = _checked(sigma, alpha)
    return math.sqrt(2 * alpha) * sigma


def input_diffusion(sigma: float, alpha: float) -> float:
    """Noise of an input, ``u + sqrt(2 / alpha) sigma xi``, in the same convention.

    Parameters
    ----------
    sigma : float
        At least 0.
    alpha : float
        dt/tau, above 0 and at most 1.

    Returns
    -------
    float

    Raises
    ------
    ValueError, TypeError
        Naming the argument, what was expected and what was given.

    Examples
    --------
    >>> round(input_diffusion(0.01, 0.2), 4)
    0.0316
    """
    sigma, alpha = _checked(sigma, alpha)
    return math.sqrt(2 / alpha) * sigma


def within_bracket(sigma: float, alpha: float) -> float:
    """Noise per step of ``alpha (-x + ... + eta)``, eta of standard deviation sigma: alpha sigma.

    Parameters
    ----------
    sigma : float
        At least 0.
    alpha : float
        dt/tau, above 0 and at most 1.

    Returns
    -------
    float

    Raises
    ------
    ValueError, TypeError
        Naming the argument, what was expected and what was given.

    Examples
    --------
    >>> within_bracket(0.5, 0.2)
    0.1
    """
    sigma, alpha = _checked(sigma, alpha)
    return alpha * sigma


def stationary(sigma: float, alpha: float) -> float:
    """Noise per step that gives a free unit the standard deviation sigma in the long run.

    ``sqrt(1 - (1 - alpha)^2) sigma``, as ``x <- (1 - alpha) x + noise``.

    Parameters
    ----------
    sigma : float
        At least 0.
    alpha : float
        dt/tau, above 0 and at most 1.

    Returns
    -------
    float

    Raises
    ------
    ValueError, TypeError
        Naming the argument, what was expected and what was given.

    Examples
    --------
    >>> round(stationary(1.0, 0.2), 6)
    0.6
    """
    sigma, alpha = _checked(sigma, alpha)
    return math.sqrt(alpha * (2 - alpha)) * sigma


def _checked(sigma: float, alpha: float) -> tuple[float, float]:
    return number("sigma", sigma, least=0), number("alpha", alpha, above=0, most=1)
