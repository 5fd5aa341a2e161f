"""Published state-dict names and configurations, as the golden arrays use them."""

from .network import Network

NAMES = {
    "w_hh": "w_hh",
    "w_hh_rnn": "w_hh_rnn",
    "w_hh_tbrnn": "w_hh_tbrnn",
    "L": "l",
    "M": "m",
    "N": "n",
    "M_rnn": "m_rnn",
    "N_rnn": "n_rnn",
    "L_tbrnn": "l_tbrnn",
    "M_tbrnn": "m_tbrnn",
    "N_tbrnn": "n_tbrnn",
    "alpha": "gate",
    **{f"{a}_h{gate}": f"{a.lower()}_h{gate}" for gate in "rzh" for a in "MN"},
    **{f"W_i{gate}.weight": f"w_i{gate}" for gate in "rzh"},
    **{f"W_i{gate}.bias": f"b_i{gate}" for gate in "rzh"},
    "w_in.weight": "w_in",
    "w_in.bias": "b_in",
    "w_out.weight": "w_out",
    "w_out.bias": "b_out",
}

MODELS = {name: f"LowRank{name}" for name in ("RNN", "TBRNN", "HORNN", "GRU")}


def parameters(arrays, prefix=""):
    """Our names for the arrays whose published names follow the prefix."""
    named = {k.removeprefix(prefix): v for k, v in arrays.items() if k.startswith(prefix)}
    return {NAMES[name]: value for name, value in named.items()}


def synthetic_network(configuration):
    """Low_Rank_CLASS[_adv|_hardorth]/cont|disc/rate|voltage, N = 5 and dt/tau 0.3."""
    name, mode, form = configuration.split("/")
    leaky = mode == "cont"
    model = MODELS[name.split("_")[2]]
    return Network(
        model,
        alpha=0.3 if leaky else 1.0,
        form="voltage" if model == "LowRankGRU" else form,  # rates are states
        scale_two=1 / 5 if leaky else 1.0,
        scale_three=1 / 25 if leaky else 1.0,
        gated=name.endswith("_adv"),
        hard_orth=name.endswith("_hardorth"),
    )


def trace_network(tag, p):
    """Training traces: N = 30, cont, rate, dt/tau 0.2."""
    return Network(
        "LowRankTBRNN" if "l" in p else "LowRankRNN",
        scale_two=1 / 30,
        scale_three=1 / 900,
        hard_orth="hardorth" in tag,
        identity_readout="w_out" not in p,
    )
