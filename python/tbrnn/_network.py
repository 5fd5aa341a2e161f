"""What all networks share: hyperparameters, initial weights, published names."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from tbrnn._arguments import choice, count, number, precision, switch
from tbrnn._bounds import Bound, checked_bounds, engine_bounds, masked_within, within
from tbrnn._constants import Constant, plain
from tbrnn._engine import Spec
from tbrnn._leak import alphas
from tbrnn._published import read_state_dict
from tbrnn._seeds import Seed, entropies, generator
from tbrnn.errors import mistake
from tbrnn.nonlinearity import Phi, engine_activation, nonlinearity

if TYPE_CHECKING:
    from tbrnn.ensemble import Ensemble
    from tbrnn.trials import Floats

FORMS = ("rate", "voltage")
READOUTS = ("matrix", "identity")
OPTION = {"option": True}  # of a field that says nothing about a network while it is at its default


@dataclass(frozen=True, kw_only=True)
class Network:
    """Hyperparameters of a network; the classes that derive from it add the drive."""

    units: int
    inputs: int
    outputs: int
    alpha: float | Sequence[float] = 0.2
    sigma: float = 0.0
    form: str = "rate"
    phi: Phi = "tanh"
    phi_out: Phi | None = None
    input_bias: bool = True
    output_bias: bool = True
    readout: str = "matrix"
    cubic: float = field(default=0.0, metadata=OPTION)
    input_sigma: float = field(default=0.0, metadata=OPTION)
    rectified_inputs: bool = field(default=False, metadata=OPTION)
    bounds: Mapping[str, Sequence[float | None]] | tuple[Bound, ...] = field(
        default=(), metadata=OPTION
    )

    code: ClassVar[int]  # the class in seeds; never changes
    published: ClassVar[Mapping[str, str]]  # published name -> ours, of the recurrent parameters
    published_inputs: ClassVar[Mapping[str, str]] = {"w_in.weight": "w_in", "w_in.bias": "b_in"}
    rank_from: ClassVar[tuple[str, ...]] = ()  # parameters that show the ranks
    zero_input_bias: ClassVar[bool] = False  # does b start at zero?
    zero_output_bias: ClassVar[bool] = False

    def __post_init__(self) -> None:
        """Check every argument; bounds when the drive's arguments are known."""
        self._check()
        if self.bounds:
            bounds, known = checked_bounds(self.bounds), dict(replace(self, bounds=()).spec.fields)
            for name, _, _ in bounds:
                if name not in known:
                    raise mistake("bounds", f"of the parameters {', '.join(known)}", name)
            masked_within(bounds, self.masks)

    def _check(self) -> None:
        """Check every argument; plain Python values stay in the fields."""
        self._set("units", count("units", self.units, least=1))
        self._set("inputs", count("inputs", self.inputs, least=1))
        self._set("outputs", count("outputs", self.outputs, least=1))
        self._set("alpha", alphas(self.alpha, self.units))
        self._set("cubic", number("cubic", self.cubic, least=0))
        self._set("sigma", number("sigma", self.sigma, least=0))
        self._set("input_sigma", number("input_sigma", self.input_sigma, least=0))
        self._set("rectified_inputs", switch("rectified_inputs", self.rectified_inputs))
        choice("form", self.form, FORMS)
        self._set("phi", nonlinearity("phi", self.phi))
        phi_out = self.phi if self.phi_out is None else self.phi_out
        self._set("phi_out", nonlinearity("phi_out", phi_out))
        self._set("input_bias", switch("input_bias", self.input_bias))
        self._set("output_bias", switch("output_bias", self.output_bias))
        choice("readout", self.readout, READOUTS)
        self._set("bounds", checked_bounds(self.bounds))
        if self.readout == "identity":
            if self.outputs != self.units:
                expected = f"units = {self.units} with readout='identity'"
                raise mistake("outputs", expected, self.outputs)
            self._set("output_bias", False)

    def _set(self, field: str, value: object) -> None:
        object.__setattr__(self, field, value)

    @property
    def ranks(self) -> tuple[int, ...]:
        """The rank of each low-rank term of the drive."""
        return ()

    @property
    def scales(self) -> tuple[float, float]:
        """Factors of a pairwise and of a three-body low-rank drive."""
        return 1.0, 1.0

    @property
    def masks(self) -> Mapping[str, Constant]:
        """Constant arrays by the name of the parameter whose gradient they multiply."""
        return {}

    def check_masked(self, arrays: Mapping[str, Floats]) -> None:
        """Weights (member, *shape) must be 0 where a mask is."""
        for name, mask in self.masks.items():
            wrong = np.argwhere((np.asarray(mask) == 0) & (arrays[name] != 0))
            if len(wrong):
                place = tuple(int(i) for i in wrong[0])
                given = f"{arrays[name][place]} at {place}"
                raise mistake(f"arrays[{name!r}]", "0 where its mask is", given)

    @property
    def fixed(self) -> Constant | None:
        """Matrix of a pairwise drive that is never trained."""
        return None

    @property
    def arguments(self) -> dict[str, Any]:
        """What makes this model, by name."""
        return {f.name: getattr(self, f.name) for f in fields(self)}

    @property
    def described(self) -> dict[str, Any]:
        """Class and hyperparameters as plain values, without options that are off."""
        off = {f.name for f in fields(self) if f.metadata and getattr(self, f.name) == f.default}
        values = {name: value for name, value in self.arguments.items() if name not in off}
        return {"class": type(self).__name__, **plain(values)}

    @property
    def spec(self) -> Spec:
        """The engine's description of this model."""
        return _spec(self)

    def initial(
        self,
        seeds: Sequence[Seed],
        *,
        numbers: Sequence[int] | None = None,
        dtype: DTypeLike = "float32",
    ) -> Ensemble:
        """An untrained ensemble with the initial weights of the three-body study.

        Each member draws, in the order of its parameters and in float64, from
        ``Generator(Philox(SeedSequence(seed)))``; then the weights are cast to `dtype`. So a
        member depends on its seed alone, not on its company.

        Parameters
        ----------
        seeds : sequence of int or tuple of int
            One entropy per member.
        numbers : sequence of int, optional
            Member numbers; 0, 1, 2, ... unless given.
        dtype : {"float32", "float64"}, default "float32"

        Examples
        --------
        >>> import tbrnn
        >>> model = tbrnn.LowRankTBRNN(units=30, rank=3, inputs=2, outputs=1)
        >>> nets = model.initial([(7, 0), (7, 1)])
        >>> nets.m.shape, bool((nets[1].m == model.initial([(7, 1)])[0].m).all())
        ((2, 30, 3), True)
        """
        from tbrnn._cohorts import Cohort, member_numbers
        from tbrnn.ensemble import Ensemble

        members = entropies(seeds)
        labels = member_numbers(numbers, len(members))
        weights = np.array([self._draw(generator(member)) for member in members])
        block = weights.reshape(len(members), self.spec.size).astype(precision(dtype))
        return Ensemble([Cohort(self, block, labels, tuple(members))])

    @classmethod
    def from_state_dict(
        cls, arrays: Mapping[str, ArrayLike], *, dtype: DTypeLike | None = None, **options: Any
    ) -> Ensemble:
        """A network from the arrays of a published state dict, as an ensemble of one.

        Parameters
        ----------
        arrays : mapping
            The published names and shapes: ``w_in.weight`` (unit, input), ``w_in.bias`` (unit),
            ``w_out.weight`` (output, unit), ``w_out.bias`` (output), and the recurrent
            parameters: ``w_hh`` (unit, unit) (RNN, EIRNN) or (unit, unit, unit) (TBRNN),
            ``w_hh_rnn w_hh_tbrnn`` of both shapes (HORNN) or, each (unit, rank), ``M N``
            (LowRankRNN), ``L M N`` (LowRankTBRNN) or ``M_rnn N_rnn L_tbrnn M_tbrnn N_tbrnn``
            (LowRankHORNN); of both HORNNs also the gate ``alpha`` (), which may be missing. Those
            of LowRankGRU and LeakyGRU are listed there. Units, rank, inputs, outputs and biases
            follow from the arrays.
        dtype : {"float32", "float64"}, optional
            Default: float32 if all arrays are float32, else float64.
        **options
            What arrays cannot tell: ``alpha``, ``sigma``, ``form``, ``phi``, ``phi_out``,
            ``scale``, ``readout="identity"`` if there is no w_out, ``hard_orth``, ``gated``. A
            network of the published "discrete" mode has ``alpha=1, sigma=0, scale=1``.

        Raises
        ------
        ValueError, TypeError
            For missing and unexpected names, wrong shapes, what is not finite real numbers, and
            weights that a mask forbids.

        Examples
        --------
        >>> import numpy as np, tbrnn
        >>> rng = np.random.default_rng(0)
        >>> shapes = {"M": (30, 1), "N": (30, 1), "w_in.weight": (30, 2), "w_out.weight": (1, 30)}
        >>> arrays = {name: rng.normal(size=shape) for name, shape in shapes.items()}
        >>> net = tbrnn.LowRankRNN.from_state_dict(arrays, alpha=0.2)
        >>> net.model.inputs, net.model.input_bias, net.m.shape
        (2, False, (1, 30, 1))
        """
        from tbrnn.ensemble import Ensemble

        ours, sizes = read_state_dict(cls, arrays, options)
        stacked = {name: array[np.newaxis] for name, array in ours.items()}
        return Ensemble.from_arrays(cls(**sizes, **options), stacked, dtype=dtype)

    def _draw(self, rng: np.random.Generator) -> NDArray[np.float64]:
        """All parameters of one network in one flat block."""
        drawn = [
            within(checked_bounds(self.bounds), name, self._draw_field(rng, name, shape))
            for name, shape in self.spec.fields
        ]
        return np.concatenate([array.ravel() for array in drawn])

    def _draw_field(
        self, rng: np.random.Generator, name: str, shape: tuple[int, ...]
    ) -> NDArray[np.float64]:
        zero = {"gate": True, "b_in": self.zero_input_bias, "b_out": self.zero_output_bias}
        if zero.get(name, False):
            return np.zeros(shape)
        if name == "b_in":
            return fan_in(rng, shape, self.inputs)
        if name == "b_out":
            return fan_in(rng, shape, self.units)
        if name == "w_in":
            return self._draw_input(rng, shape)
        if name == "w_out":
            return self._draw_readout(rng, shape)
        return self._draw_recurrent(rng, shape)

    def _draw_input(self, rng: np.random.Generator, shape: tuple[int, ...]) -> NDArray[np.float64]:
        return xavier(rng, shape)

    def _draw_readout(
        self, rng: np.random.Generator, shape: tuple[int, ...]
    ) -> NDArray[np.float64]:
        return xavier(rng, shape)

    def _draw_recurrent(
        self, rng: np.random.Generator, shape: tuple[int, ...]
    ) -> NDArray[np.float64]:
        return xavier(rng, shape)


def xavier(rng: np.random.Generator, shape: tuple[int, ...]) -> NDArray[np.float64]:
    """Uniform on +-sqrt(6 / (p + q)) for a p x q matrix (Glorot and Bengio 2010)."""
    bound = math.sqrt(6 / sum(shape))
    return rng.uniform(-bound, bound, shape)


def fan_in(rng: np.random.Generator, shape: tuple[int, ...], fan: int) -> NDArray[np.float64]:
    """Uniform on +-1 / sqrt(fan-in), the usual start of a linear layer."""
    bound = 1 / math.sqrt(fan)
    return rng.uniform(-bound, bound, shape)


@lru_cache(maxsize=64)  # matrices of their own make some of them large
def _spec(model: Network) -> Spec:
    scale_two, scale_three = model.scales
    return Spec(
        type(model).__name__,
        units=model.units,
        ranks=model.ranks,
        inputs=model.inputs,
        outputs=model.outputs,
        alpha=model.alpha if isinstance(model.alpha, float) else 0.5,  # not read beside alphas
        alphas=() if isinstance(model.alpha, float) else model.alpha,
        cubic=model.cubic,
        form=model.form,
        phi=engine_activation(model.phi),
        phi_out=engine_activation(model.phi_out or model.phi),
        scale_two=scale_two,
        scale_three=scale_three,
        input_bias=model.input_bias,
        output_bias=model.output_bias,
        identity_readout=model.readout == "identity",
        gated=getattr(model, "gated", False),
        hard_orth=getattr(model, "hard_orth", False),
        excitatory=getattr(model, "excitatory_units", 0),
        masks={name: np.asarray(mask) for name, mask in model.masks.items()},
        bulk=None if model.fixed is None else np.asarray(model.fixed),
        rectified_inputs=model.rectified_inputs,
        bounds=engine_bounds(checked_bounds(model.bounds)),
    )
