"""Networks and data for the engine's contracts: what the engine and the oracle are both given.

Every axis has its own length: 6 trials, 7 steps, 5 units, 2 inputs, 4 outputs, ranks 3 and 1.
"""

from dataclasses import dataclass, replace

import numpy as np

import tbrnn
from reference.network import Network
from tbrnn import _core
from tbrnn.nonlinearity import engine_activation

KINDS = {
    "two-body": Network("LowRankRNN"),
    "three-body": Network("LowRankTBRNN"),
    "hard-orth": Network("LowRankTBRNN", hard_orth=True),
    "hybrid": Network("LowRankHORNN"),
    "gated": Network("LowRankHORNN", gated=True),
    "full": Network("RNN"),
    "signed": Network("EIRNN", excitatory=2),
    "full three-body": Network("TBRNN"),
    "full hybrid": Network("HORNN"),
    "full gated": Network("HORNN", gated=True),
    "gru": Network("LowRankGRU"),
    "leaky gru": Network("LeakyGRU"),
}
GATED = ("gru", "leaky gru")
FORMS = ("rate", "voltage")
PHIS = ("tanh", "relu", "sigmoid", "softplus", "identity")
PARAMETRISED = {
    "leaky relu": tbrnn.Nonlinearity("leaky_relu", slope=1.3, shift=0.1, leak=0.2),
    "slow tanh": tbrnn.Nonlinearity("tanh", slope=0.6),
    "shifted sigmoid": tbrnn.Nonlinearity("sigmoid", slope=2.5, shift=0.3),
    "sharp softplus": tbrnn.Nonlinearity("softplus", slope=0.8, shift=-0.2, beta=5),
}
MATCHES = ("outputs", "rates", "states")
MASKS = (None, "entries", "trial and time")

# leaky and scaled by 1/N, 1/N^2; or the published discrete mode, where nothing is scaled
LEAKY, DISCRETE = "leaky", "discrete"
OWN_LEAK = "own leak"  # of each unit, and cubic


@dataclass(frozen=True)
class Case:
    net: Network
    units: int = 5
    ranks: tuple = (3, 1)
    inputs: int = 2
    outputs: int = 4
    trials: int = 6
    steps: int = 7
    input_bias: bool = True
    output_bias: bool = True
    match: str = "outputs"
    loss: str = "mse"
    mask: str | None = None
    initial: bool = False
    bounds: tuple = ()
    rectified_inputs: bool = False
    dtype: str = "float64"

    @property
    def model_ranks(self):
        terms = dict.fromkeys(("RNN", "EIRNN", "LeakyGRU", "TBRNN", "HORNN"), 0) | {
            "LowRankHORNN": 2
        }
        return self.ranks[: terms.get(self.net.model, 1)]

    @property
    def fields(self):
        """Name and shape in the order of the flat parameter block."""
        n, (r, r3) = self.units, self.ranks
        shapes = {
            "LowRankRNN": {"m": (n, r), "n": (n, r)},
            "LowRankTBRNN": {"l": (n, r), "m": (n, r), "n": (n, r)},
            "LowRankHORNN": {"m_rnn": (n, r), "n_rnn": (n, r)}
            | dict.fromkeys(("l_tbrnn", "m_tbrnn", "n_tbrnn"), (n, r3))
            | {"gate": ()},
            "RNN": {"w_hh": (n, n)},
            "EIRNN": {"w_hh": (n, n)},
            "TBRNN": {"w_hh": (n, n, n)},
            "HORNN": {"w_hh_rnn": (n, n), "w_hh_tbrnn": (n, n, n), "gate": ()},
            "LeakyGRU": {"w_hu": (n, n), "w_hh": (n, n)},
            "LowRankGRU": {f"{a}_h{gate}": (n, r) for gate in "rzh" for a in "mn"},
        }[self.net.model]
        layers = {"LowRankGRU": ("ir", "iz", "ih"), "LeakyGRU": ("iu", "ih")}
        for layer in layers.get(self.net.model, ("in",)):
            shapes[f"w_{layer}"] = (n, self.inputs)
            if self.input_bias:
                shapes[f"b_{layer}"] = (n,)
        if not self.net.identity_readout:
            shapes["w_out"] = (self.outputs, n)
            if self.output_bias:
                shapes["b_out"] = (self.outputs,)
        return list(shapes.items())

    @property
    def size(self):
        return sum(int(np.prod(shape)) for _, shape in self.fields)

    @property
    def spec(self):
        net = self.net
        return _core.Spec(
            net.model,
            units=self.units,
            ranks=self.model_ranks,
            inputs=self.inputs,
            outputs=self.units if net.identity_readout else self.outputs,
            alpha=0.5 if isinstance(net.alpha, tuple) else net.alpha,
            alphas=net.alpha if isinstance(net.alpha, tuple) else (),
            cubic=net.cubic,
            form=net.form,
            phi=engine_activation(PARAMETRISED.get(net.phi, net.phi)),
            phi_out=engine_activation(PARAMETRISED.get(net.phi_out, net.phi_out)),
            scale_two=net.scale_two,
            scale_three=net.scale_three,
            input_bias=self.input_bias,
            output_bias=self.output_bias and not net.identity_readout,
            identity_readout=net.identity_readout,
            gated=net.gated,
            hard_orth=net.hard_orth,
            excitatory=min(net.excitatory, self.units),
            bulk=net.bulk,
            bounds=self.bounds,
            rectified_inputs=self.rectified_inputs,
        )

    def named(self, flat):
        """The flat parameter block as arrays, float64 for the oracle."""
        arrays, start = {}, 0
        for name, shape in self.fields:
            stop = start + int(np.prod(shape))
            arrays[name] = np.asarray(flat[start:stop], np.float64).reshape(shape)
            start = stop
        return arrays

    def parameters(self, members=1, seed=0):
        """(member, size), small enough that every nonlinearity stays bounded over the steps."""
        rng = np.random.default_rng(seed)
        leaky = self.net.alpha != 1
        spread = {"w_in": 0.5, "b_in": 0.2, "w_out": 0.5, "b_out": 0.2, "gate": 1.0}
        spread["w_hh"] = spread["w_hh_rnn"] = 0.8 / np.sqrt(self.units)
        spread["w_hh_tbrnn"] = 0.5 / self.units
        if self.net.model == "TBRNN":
            spread["w_hh"] = 0.8 / self.units
        spread |= {f"{a}_i{gate}": spread[f"{a}_in"] for gate in "rzuh" for a in "wb"}
        blocks = [
            rng.normal(0, spread.get(name, 0.7 if leaky else 0.25), (members, int(np.prod(shape))))
            for name, shape in self.fields
        ]
        return np.concatenate(blocks, axis=1).astype(self.dtype)

    def data(self, seed=0):
        """Keyword arguments of a Dataset, and of the oracle."""
        rng = np.random.default_rng((seed, 1))
        shape = (self.trials, self.steps)
        as_output = self.match == "outputs" and not self.net.identity_readout
        channels = self.outputs if as_output else self.units
        arrays = {
            "inputs": rng.normal(0, 1, (*shape, self.inputs)),
            "targets": rng.normal(0, 1, (*shape, channels)),
        }
        if self.loss == "cross_entropy":
            arrays["targets"] = rng.dirichlet(np.ones(channels), shape)
        elif self.loss == "logistic":
            arrays["targets"] = rng.random((*shape, channels))
        if self.mask:
            last = channels if self.mask == "entries" else 1
            weights = rng.uniform(0.5, 2, (*shape, last)) * (rng.random((*shape, last)) < 0.7)
            weights[0, 0] = 1
            arrays["mask"] = weights
        if self.initial:
            arrays["initial_states"] = rng.normal(0, 0.7, (self.trials, self.units))
        return {name: array.astype(self.dtype) for name, array in arrays.items()}


def case(kind="three-body", form="rate", mode=LEAKY, phi="tanh", phi_out=None, **options):
    """A Case; options that Network has go to the network, the others to the case."""
    units = options.get("units", Case.units)
    form = "voltage" if kind in GATED else form  # they have no other
    net = replace(KINDS[kind], form=form, phi=phi, phi_out=phi_out or phi)
    if options.pop("bulk", False):
        draw = np.random.default_rng(11).normal(0, 0.5 / np.sqrt(units), (units, units))
        net = replace(net, bulk=draw)
    if mode == LEAKY:
        net = replace(net, alpha=0.3, scale_two=1 / units, scale_three=1 / units**2)
    elif mode == OWN_LEAK:
        each = tuple(np.linspace(0.1, 0.6, units).tolist())
        net = replace(net, alpha=each, cubic=0.1, scale_two=1 / units, scale_three=1 / units**2)
    else:
        net = replace(net, alpha=1.0)
    if "identity_readout" in options:
        net = replace(net, identity_readout=options.pop("identity_readout"))
    return Case(net, **options)
