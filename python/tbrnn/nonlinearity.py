"""Nonlinearities with parameters."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import TypeAlias

from tbrnn._arguments import choice, number
from tbrnn.errors import mistake, wrong_type

NONLINEARITIES = ("tanh", "relu", "sigmoid", "softplus", "identity")
EngineActivation: TypeAlias = str | tuple[str, float, float, float, float]


@dataclass(frozen=True)
class Nonlinearity:
    """A nonlinearity with a slope, a shift and the parameters of its kind.

    With ``y = slope (x - shift)``::

        tanh         tanh(y)
        sigmoid      1 / (1 + exp(-y))
        relu         max(0, y)
        leaky_relu   y where y > 0, leak y elsewhere
        softplus     log(1 + exp(beta y)) / beta

    A model takes it as ``phi`` or ``phi_out``, where the plain names "tanh", "relu", "sigmoid",
    "softplus" and "identity" stand for slope 1, shift 0 and beta 1, and "leaky_relu" for its
    defaults; a Nonlinearity that equals one of the former is kept as that name.

    Parameters
    ----------
    name : {"tanh", "sigmoid", "relu", "leaky_relu", "softplus"}
    slope : float, default 1
        Above 0.
    shift : float, default 0
        Where y is 0.
    leak : float, default 0.01
        Slope of leaky_relu below the shift, relative to that above; from 0 to below 1. The others
        have none.
    beta : float, default 1
        Sharpness of softplus, above 0. The others have none.

    Raises
    ------
    ValueError, TypeError
        Naming the argument, what was expected and what was given.

    Examples
    --------
    >>> import tbrnn
    >>> phi = tbrnn.Nonlinearity("sigmoid", slope=7.5, shift=0.3)
    >>> model = tbrnn.LowRankRNN(units=30, rank=1, inputs=1, outputs=1, phi=phi)
    >>> float(model.initial([0]).simulate([[[0.0]]]).rates.max()) < 0.5
    True
    """

    name: str
    slope: float = 1.0
    shift: float = 0.0
    leak: float | None = None
    beta: float | None = None

    def __post_init__(self) -> None:
        """Check every argument and fill in the defaults of the kind."""
        choice("name", self.name, ("tanh", "sigmoid", "relu", "leaky_relu", "softplus"))
        self._set("slope", number("slope", self.slope, above=0))
        self._set("shift", number("shift", self.shift))
        self._own("leaky_relu", "leak", 0.01)
        self._own("softplus", "beta", 1.0)
        if self.leak is not None:
            self._set("leak", number("leak", self.leak, least=0))
            if self.leak >= 1:
                raise mistake("leak", "from 0 to below 1", self.leak)
        if self.beta is not None:
            self._set("beta", number("beta", self.beta, above=0))

    def _set(self, field: str, value: object) -> None:
        object.__setattr__(self, field, value)

    def _own(self, kind: str, field: str, default: float) -> None:
        """Only this kind has the field."""
        given = getattr(self, field)
        if self.name != kind and given is not None:
            raise mistake(field, f"left out: it belongs to {kind}", given)
        if self.name == kind and given is None:
            self._set(field, default)

    @property
    def engine(self) -> EngineActivation:
        """Kind, gain, shift, height and leak of ``height f(gain (x - shift))``."""
        kind = "relu" if self.name == "leaky_relu" else self.name
        beta = self.beta or 1.0
        return kind, beta * self.slope, self.shift, 1 / beta, self.leak or 0.0


Phi: TypeAlias = str | Nonlinearity


def nonlinearity(argument: str, given: object) -> Phi:
    """The checked value of a model's phi, a plain name where one says it all.

    A mapping is what a file holds of a Nonlinearity.
    """
    if given == "leaky_relu":
        return Nonlinearity(given)
    if isinstance(given, str):
        choice(argument, given, (*NONLINEARITIES, "leaky_relu"))
        return given
    if isinstance(given, Mapping):
        name, *others = (field.name for field in fields(Nonlinearity))
        if name not in given or not set(given) <= {name, *others}:
            raise mistake(argument, f"a mapping of name and, if wanted, {', '.join(others)}", given)
        given = Nonlinearity(**given)
    if not isinstance(given, Nonlinearity):
        raise wrong_type(argument, "a name or a tbrnn.Nonlinearity", given)
    plain = given.name in NONLINEARITIES and given == Nonlinearity(given.name)
    return given.name if plain else given


def engine_activation(phi: Phi) -> EngineActivation:
    """What the engine's Spec takes."""
    return phi if isinstance(phi, str) else phi.engine
