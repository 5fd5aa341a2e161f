"""Exported connectivity drives units as the engine does; effective tensors tell reachable parts."""

import numpy as np
import pytest

import tbrnn
from connectivity.golden import cosine, effective_pair
from connectivity.networks import BULK, FULL, MODELS, THREE_BODY, ensemble
from tbrnn import connectivity
from tbrnn.connectivity.terms import basis
from tolerances import TOLERANCES, assert_close

RNG = np.random.default_rng(5)
FUNCTIONS = [connectivity.tensor, connectivity.effective_tensor]


def one_step(nets, states):
    """The next states by the full connectivity, without input."""
    model = nets.model
    r = states if model.form == "voltage" else np.tanh(states)
    drive = np.zeros((len(nets), *states.shape))
    if model.input_bias:
        drive = drive + nets.b_in[:, None]
    if not isinstance(model, tbrnn.LowRankTBRNN | tbrnn.TBRNN) or model.fixed is not None:
        drive = drive + np.einsum("eij,bj->ebi", connectivity.matrix(nets), r)
    if not isinstance(model, tbrnn.LowRankRNN | tbrnn.RNN):
        drive = drive + np.einsum("eijk,bj,bk->ebi", connectivity.tensor(nets), r, r)
    reached = np.tanh(drive) if model.form == "voltage" else drive
    return states + model.alpha * (reached - states)


@pytest.mark.parametrize("kind", [*MODELS, *FULL, *BULK])
def test_the_exported_connectivity_is_that_of_the_dynamics(kind):
    nets, states = ensemble((MODELS | FULL | BULK)[kind]), RNG.normal(0, 1, (7, 5))
    engine = nets.simulate(np.zeros((7, 1, 2)), states).states[:, :, 0]
    assert_close(one_step(nets, states), engine, "float64 values")


def test_inputs_that_depend_on_one_another_up_to_rounding_span_one_direction():
    nets = ensemble(MODELS["hard_orth"])
    exact, rounded = (nets.w_in.copy() for _ in range(2))
    exact[..., 1] = -0.3 * exact[..., 0]
    rounded[..., 1] = exact[..., 1].astype(np.float32)
    exact, rounded = (
        tbrnn.Ensemble.from_arrays(nets.model, {**nets.arrays, "w_in": w}) for w in (exact, rounded)
    )
    states = RNG.normal(0, 1, (7, 5))
    engine = rounded.simulate(np.zeros((7, 1, 2)), states).states[:, :, 0]
    assert_close(one_step(rounded, states), engine, "float64 values")
    for function in FUNCTIONS:
        assert_close(function(rounded), function(exact), "float32 values")


def test_a_basis_of_columns_that_nearly_depend_is_orthonormal():
    columns = RNG.normal(0, 1, (4, 30, 5))
    columns[..., 3] = columns[..., :3] @ [3.0, -2.0, 1.0] + 1e-5 * columns[..., 3]
    columns[2, :, 1] = 0
    found = basis(columns)
    gram = np.repeat(np.eye(5)[None], 4, axis=0)
    gram[2, 1, 1] = 0
    assert_close(found.swapaxes(1, 2) @ found, gram, "float64 values")
    assert_close(found @ (found.swapaxes(1, 2) @ columns), columns, "float64 values")


@pytest.mark.parametrize("function", FUNCTIONS)
@pytest.mark.parametrize("kind", THREE_BODY)
def test_a_member_is_the_same_alone(function, kind):
    nets = ensemble(MODELS[kind])
    together = function(nets)
    assert together.shape == (4, 5, 5, 5)
    assert_close(function(nets[2]), together[2], "float64 values")
    assert_close(connectivity.matrix(ensemble(MODELS["two-body"])[1]).shape, (5, 5), "exact")


@pytest.mark.parametrize("kind", THREE_BODY)
def test_effective_tensor_is_its_definition(kind):
    nets = ensemble(MODELS[kind])
    for net, ours in zip(nets, connectivity.effective_tensor(nets), strict=True):
        p = {name.removesuffix("_tbrnn"): array for name, array in net.arrays.items()}
        more = [p[name] for name in ("b_in", "m_rnn") if name in p]
        space = np.column_stack([p["w_in"], *more])
        lead = np.moveaxis(connectivity.tensor(net), 0, 2).reshape(-1, 5).T  # spans that of l
        basis = np.linalg.svd(np.column_stack([lead, space]))
        basis = basis[0][:, : (basis[1] > 1e-10 * basis[1][0]).sum()]
        project = basis @ basis.T
        full = connectivity.tensor(net)
        assert_close(ours, np.einsum("ijk,jp,kq->ipq", full, project, project), "float64 values")


@pytest.mark.parametrize("phi", ["tanh", "sigmoid", "softplus"])
@pytest.mark.parametrize("rank", [(1, 0), (1, 1)])
def test_effective_tensor_drives_small_states_as_the_tensor_does(phi, rank):
    sizes = {"units": 20, "inputs": 1, "outputs": 1, "phi": phi, "input_bias": False}
    model = tbrnn.LowRankHORNN(rank=(1, 1), **sizes)
    if 0 in rank:
        model = tbrnn.LowRankTBRNN(rank=1, **sizes)
    net = ensemble(model, members=1)[0]
    rates = net.simulate(RNG.normal(0, 1e-4, (3, 9, 1))).rates.reshape(-1, 20)
    ours, full = (
        np.einsum("ijk,bj,bk->bi", function(net), rates, rates)
        for function in (connectivity.effective_tensor, connectivity.tensor)
    )
    worst = np.linalg.norm(ours - full) / np.linalg.norm(full)
    assert worst <= TOLERANCES["drives of small states"]


def test_effective_tensor_is_exact_in_a_linear_network():
    model = tbrnn.LowRankTBRNN(units=9, rank=2, inputs=2, outputs=1, phi="identity")
    nets = ensemble(model, members=3)
    reached = np.concatenate([nets.l, nets.w_in, nets.b_in[..., None]], axis=-1)
    project = reached @ np.linalg.pinv(reached)
    arrays = dict(nets.arrays) | {"m": project @ nets.m, "n": project @ nets.n}
    inside = tbrnn.Ensemble.from_arrays(model, arrays)
    inputs = RNG.normal(0, 1, (4, 20, 2))
    assert np.max(np.abs(inside.m - nets.m)) > 0.1
    full = connectivity.effective_tensor(nets)
    assert_close(connectivity.tensor(inside), full, "float64 values")
    assert_close(inside.simulate(inputs).states, nets.simulate(inputs).states, "float64 values")


def test_symmetrised_keeps_the_drive_and_forgets_the_names():
    l, m, n = RNG.normal(0, 1, (3, 6, 2))  # noqa: E741
    full, r = connectivity.tensor_of(l, m, n), RNG.normal(0, 1, 6)
    half = connectivity.symmetrised(full)
    assert_close(half @ r @ r, full @ r @ r, "float64 values")
    assert_close(connectivity.symmetrised(connectivity.tensor_of(l, n, m)), half, "float64 values")


def test_published_cosines(published):
    teacher, student = effective_pair(published)
    allowed = TOLERANCES["golden metrics float64"]
    canonical = [connectivity.canonical(net) for net in (teacher, student)]
    golden = {
        "tensor": (0.58331542, -0.00235, 0.56815),
        "effective": (0.99647266, 0.22506, 0.99527),
    }
    for function, (named, plain, symmetric) in zip(FUNCTIONS, golden.values(), strict=True):
        assert abs(cosine(*map(function, canonical)) - named) <= 1e-3 * allowed
        assert abs(cosine(function(teacher), function(student)) - plain) <= allowed
        halves = [connectivity.symmetrised(function(net)) for net in canonical]
        assert abs(cosine(*halves) - symmetric) <= allowed
    norms = [[np.linalg.norm(function(net)) for function in FUNCTIONS] for net in canonical]
    assert_close(norms, [[12.529126, 6.708624], [16.523580, 6.807900]], "golden metrics float64")


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: connectivity.matrix(ensemble(MODELS["three-body"])), "nets must be networks with"),
        (lambda: connectivity.tensor(ensemble(MODELS["two-body"])), "nets must be networks with"),
        (
            lambda: connectivity.effective_tensor(ensemble(MODELS["two-body"])),
            "nets must be low-rank networks with a three-body term",
        ),
        (
            lambda: connectivity.effective_tensor(ensemble(BULK["triples and a bulk"])),
            "nets must be low-rank networks with a three-body term, without a bulk",
        ),
        (lambda: connectivity.symmetrised(np.zeros((3, 4, 4))), r"tensor must be .*\(3, 4, 4\)"),
        (lambda: connectivity.symmetrised(np.full((2, 2, 2), np.nan)), "tensor must be finite"),
        (
            lambda: connectivity.tensor_of(np.ones((3, 1)), np.ones((3, 2)), np.ones((3, 1))),
            r"m must be of l's shape \(3, 1\), got shape \(3, 2\)",
        ),
        (
            lambda: connectivity.tensor_of(np.ones((3, 2)), np.ones((3, 2)), np.ones((4, 2))),
            r"n must be of l's shape \(3, 2\), got shape \(4, 2\)",
        ),
        (lambda: connectivity.tensor_of(np.ones(3), np.ones(3), np.ones(3)), r"l must be \(\.\.\."),
    ],
)
def test_errors(call, message):
    with pytest.raises(ValueError, match=message):
        call()


@pytest.mark.parametrize(
    "function",
    [
        connectivity.matrix,
        connectivity.tensor,
        connectivity.effective_tensor,
        connectivity.canonical,
    ],
)
def test_a_model_is_no_ensemble(function):
    with pytest.raises(TypeError, match="nets must be an Ensemble, .* got LowRankHORNN"):
        function(MODELS["both"])


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: connectivity.symmetrised(ensemble(MODELS["both"])),
            r"tensor must be an array, .*tensor\(nets\), got Ensemble\(4 networks",
        ),
        (lambda: connectivity.truncate_svd(FULL["full tensor"], 1), "tensor must be an array of"),
        (lambda: connectivity.tensor_of([["a"]], [[1.0]], [[1.0]]), "l must be an array of real"),
    ],
)
def test_wrong_types(call, message):
    with pytest.raises(TypeError, match=message):
        call()
