"""Ensembles: cohorts behind one face, in the members' order."""

import numpy as np
import pytest

import tbrnn

SIZES = {"units": 11, "inputs": 3, "outputs": 2}
INPUTS = np.random.default_rng(4).normal(0, 1, (6, 7, 3))


def two(rank):
    return tbrnn.LowRankRNN(rank=rank, **SIZES)


def three(rank):
    return tbrnn.LowRankTBRNN(rank=rank, **SIZES)


@pytest.fixture
def mixed():
    """Members of three cohorts, two of them apart."""
    parts = [two(1).initial([0, 1]), three(2).initial([2, 3, 4]), two(1).initial([5])]
    return tbrnn.Ensemble.concatenate([*parts, two(3).initial([6])])


def test_members_keep_their_order(mixed):
    assert len(mixed) == 7
    assert mixed.rank.tolist() == [1, 1, 2, 2, 2, 1, 3]
    assert [type(model).__name__[7:] for model in mixed.models] == [
        *["RNN"] * 2,
        *["TBRNN"] * 3,
        *["RNN"] * 2,
    ]
    assert mixed.seeds == [(seed,) for seed in range(7)]


def test_one_network_has_no_member_axis(mixed):
    net = mixed[5]
    assert np.array_equal(net.m, two(1).initial([5]).m[0])
    activity = net.simulate(INPUTS)
    assert activity.states.shape == activity.rates.shape == (6, 7, 11)
    assert activity.outputs.shape == (6, 7, 2)
    assert mixed[-2].seeds == net.seeds == [(5,)]


def test_selections_keep_the_member_axis(mixed):
    for index in ([5], slice(5, 6), np.arange(7) == 5):
        assert mixed[index].m.shape == (1, 11, 1)
    assert mixed[[6, 0]].rank.tolist() == [3, 1]
    assert [net.seeds[0][0] for net in mixed] == list(range(7))


def test_where(mixed):
    assert mixed.where(rank=1).m.shape == (3, 11, 1)
    assert mixed.where(rank=1).seeds == [(0,), (1,), (5,)]
    assert len(mixed.where(model=tbrnn.LowRankTBRNN)) == 3
    assert len(mixed.where(model=tbrnn.LowRankRNN, rank=3)) == 1
    assert (
        len(mixed.where(rank=9)) == len(mixed.where(rank=99)) == len(mixed[:0].where(rank=1)) == 0
    )
    assert mixed.where(number=1, rank=1).numbers.tolist() == [1]


def test_where_takes_what_models_take():
    alpha, mask = np.linspace(0.1, 0.5, 4), np.eye(4)
    given = {"phi": "leaky_relu", "alpha": alpha, "bounds": {"w_in": (0, None)}}
    models = [
        tbrnn.LowRankRNN(units=4, rank=1, inputs=1, outputs=1, bulk=(0.8, 1), **given),
        tbrnn.RNN(units=4, inputs=1, outputs=1, mask=mask, **given),
    ]
    nets = tbrnn.Ensemble.concatenate(model.initial([0]) for model in models)
    for name, value in given.items():
        assert len(nets.where(**{name: value})) == 2
    assert nets.where(bulk=(0.8, 1)).model == models[0]
    assert nets.where(mask=mask).model == models[1]
    assert len(nets.where(bulk=(0.8, 2))) == 0


def test_where_asks_each_model(mixed):
    both = tbrnn.LowRankHORNN(units=11, rank=(2, 1), inputs=3, outputs=2).initial([0])
    nets = tbrnn.Ensemble.concatenate([mixed, both])
    assert len(nets.where(rank=(2, 1))) == 1
    assert len(nets.where(rank=1)) == 3


@pytest.mark.parametrize(
    ("condition", "message"),
    [
        ({"model": "LowRankRNN"}, "model must be a class or a model, got 'LowRankRNN'"),
        ({"rank": [1, 2]}, r"rank must be a whole number .*got \[1, 2\]"),
        ({"number": "first"}, "number must be a whole number .*got 'first'"),
    ],
)
def test_where_of_what_no_model_takes(mixed, condition, message):
    with pytest.raises(TypeError, match=message):
        mixed.where(**condition)


def test_where_of_a_word_that_is_none(mixed):
    with pytest.raises(ValueError, match="phi must be one of 'tanh', .*, got 'tahn'"):
        mixed.where(phi="tahn")
    assert not len(mixed.where(phi="relu"))
    assert not len(mixed.where(readout="identity"))  # which would need as many outputs as units


def test_simulation_of_cohorts_is_each_members_own(mixed):
    together = mixed.simulate(INPUTS)
    assert together.states.shape == (7, 6, 7, 11)
    for member, net in enumerate(mixed):
        alone = net.simulate(INPUTS)
        for name in ("states", "rates", "outputs"):
            assert np.array_equal(getattr(together, name)[member], getattr(alone, name))


def test_noisy_simulation_is_each_members_own(mixed):
    together = mixed.simulate(INPUTS, noise=0.2, seed=3).states
    for member, net in enumerate(mixed):
        assert np.array_equal(together[member], net.simulate(INPUTS, noise=0.2, seed=3).states)
    assert not np.isclose(together, mixed.simulate(INPUTS, noise=0.2, seed=4).states).any()
    assert np.array_equal(mixed.simulate(INPUTS).states, mixed.simulate(INPUTS, noise=0).states)


def test_noise_true_is_the_models_own():
    model = tbrnn.LowRankRNN(rank=1, sigma=0.3, **SIZES)
    nets = model.initial([0, 1])
    assert np.array_equal(
        nets.simulate(INPUTS, noise=True).states, nets.simulate(INPUTS, noise=0.3).states
    )
    assert not np.array_equal(
        nets.simulate(INPUTS, noise=True).states, nets.simulate(INPUTS).states
    )


def test_each_member_has_its_data_set(mixed):
    sets, which = np.stack([INPUTS, INPUTS + 1]), [1, 0, 1, 1, 0, 0, 1]
    together = mixed.simulate(sets, dataset=which).states
    for member, index in enumerate(which):
        assert np.array_equal(together[member], mixed[member].simulate(sets[index]).states)


def test_what_was_not_asked_for_is_not_there(mixed):
    activity = mixed.simulate(INPUTS, states=False, rates=False)
    for name in ("states", "rates"):
        assert not hasattr(activity, name)
        message = rf"Activity\(outputs \(.*\)\) has no {name}: .* {name}=True"
        with pytest.raises(AttributeError, match=message):
            getattr(activity, name)
    assert np.array_equal(activity.outputs, mixed.simulate(INPUTS).outputs)


def test_trials_bring_their_initial_states():
    nets = two(1).initial([0])
    start = np.full((6, 11), 0.3)
    trials = tbrnn.Trials(INPUTS, initial_states=start)
    with_trials, with_array = nets.simulate(trials), nets.simulate(INPUTS, start)
    assert np.array_equal(with_trials.states, with_array.states)
    assert not np.array_equal(with_trials.states, nets.simulate(INPUTS).states)


def test_parameters_are_read_only():
    nets = two(1).initial([0])
    with pytest.raises(ValueError, match="read-only"):
        nets.m[0] = 1
    for name in ("m", "w_oout", "order"):
        with pytest.raises(AttributeError, match=f"{name}: an Ensemble is read-only"):
            setattr(nets, name, np.zeros(3))


def test_numbers_may_be_those_of_another_ensemble(mixed, tmp_path):
    nets = mixed[[5, 0]]
    again = tbrnn.Ensemble.from_arrays(nets.model, nets.arrays, numbers=nets.numbers)
    again.save(tmp_path / "nets.safetensors")
    assert tbrnn.load(tmp_path / "nets.safetensors").numbers.tolist() == nets.numbers.tolist()
    for numbers, message in (
        ([0.5, 1], r"numbers\[0\] must be a whole number of at least 0, got 0.5"),
        (["a", 1], r"numbers\[0\] must be a whole number"),
        (5, "numbers must be a whole number for each member, got 5"),
    ):
        with pytest.raises(TypeError, match=message):
            tbrnn.Ensemble.from_arrays(nets.model, nets.arrays, numbers=numbers)
        with pytest.raises(TypeError, match=message):
            nets.model.initial([0, 1], numbers=numbers)


def test_weights_that_a_mask_forbids_or_float32_cannot_hold_are_refused():
    full = tbrnn.RNN(units=4, inputs=1, outputs=1).initial([0, 1])
    masked = tbrnn.RNN(units=4, inputs=1, outputs=1, mask=np.tril(np.ones((4, 4))))
    message = r"arrays\['w_hh'\] must be 0 where its mask is, got .* at \(0, 0, 1\)"
    with pytest.raises(ValueError, match=message):
        tbrnn.Ensemble.from_arrays(masked, full.arrays)
    pruned = {**full.arrays, "w_hh": np.tril(full.w_hh)}
    assert len(tbrnn.Ensemble.from_arrays(masked, pruned)) == 2
    large = {**full.arrays, "w_in": 1e300 * np.ones((2, 4, 1))}
    with pytest.raises(ValueError, match="arrays must be finite in float32, got inf"):
        tbrnn.Ensemble.from_arrays(full.model, large, dtype="float32")
    nets = tbrnn.Ensemble.from_arrays(full.model, large)
    with pytest.raises(ValueError, match="nets must be finite in float32, got inf"):
        tbrnn.fit(nets, tbrnn.Trials(np.ones((1, 2, 1)), np.ones((1, 2, 1))), dtype="float32")


def test_from_arrays_and_back():
    nets = three(2).initial([0, 1])
    again = tbrnn.Ensemble.from_arrays(nets.model, nets.arrays)
    assert all(np.array_equal(again.arrays[name], nets.arrays[name]) for name in nets.arrays)


def test_mistakes(mixed):
    with pytest.raises(AttributeError, match="'m' has no common shape .*nets.where"):
        mixed.m  # noqa: B018
    with pytest.raises(AttributeError, match="an Ensemble has no 'q'; its parameters: b_in"):
        mixed.q  # noqa: B018
    with pytest.raises(ValueError, match="has no single model"):
        mixed.model  # noqa: B018
    with pytest.raises(ValueError, match="state_dict is of one network"):
        mixed.state_dict()
    with pytest.raises(IndexError, match="member 7 of an ensemble of 7"):
        mixed[7]
    with pytest.raises(TypeError, match="index must be an int, a slice, a list"):
        mixed["a"]
    with pytest.raises(ValueError, match="index must be a mask of 7 members, got 2 entries"):
        mixed[np.array([True, False])]
    with pytest.raises(ValueError, match=r"where\(\) must be called with .*got \['ranks'\]"):
        mixed.where(ranks=3)
    with pytest.raises(TypeError, match=r"several\[0\] must be an Ensemble, got LowRankRNN"):
        tbrnn.Ensemble.concatenate([two(1)])
    with pytest.raises(ValueError, match="several must be ensembles of one dtype"):
        tbrnn.Ensemble.concatenate([mixed, two(1).initial([0], dtype="float64")])
    with pytest.raises(TypeError, match=r"model must be a model such as .*, got 3 \(int\)"):
        tbrnn.Ensemble.from_arrays(3, mixed[0].arrays)
    with pytest.raises(TypeError, match="arrays must be a mapping from parameter name .*, got"):
        tbrnn.Ensemble.from_arrays(two(1), [np.ones(3)])
    assert repr(mixed[[]]) == "Ensemble(0 networks)"


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"inputs": INPUTS[..., :2]}, ValueError, "inputs must be .* with 3 inputs, got shape"),
        ({"inputs": INPUTS * np.nan}, ValueError, "inputs must be finite"),
        ({"initial_states": np.zeros((6, 10))}, ValueError, "initial_states must be .* 11 units"),
        ({"noise": -1.0}, ValueError, "noise must be .* at least 0, got -1.0"),
        ({"noise": [0.1, 0.2]}, ValueError, "noise must be one value, or one for each of the 7"),
        ({"seed": -1}, ValueError, "seed must be .* at least 0, got -1"),
        ({"threads": 0}, ValueError, "threads must be .* at least 1, got 0"),
        ({"dataset": 1}, ValueError, "dataset must be a whole number from 0 to 0, got 1"),
        ({"states": 1}, TypeError, "states must be True or False, got 1"),
    ],
)
def test_simulation_mistakes(mixed, arguments, error, message):
    with pytest.raises(error, match=message):
        mixed.simulate(**{"inputs": INPUTS} | arguments)


def test_several_data_sets_need_an_index(mixed):
    with pytest.raises(ValueError, match="dataset must be given, one index per member"):
        mixed.simulate(np.stack([INPUTS, INPUTS]))


def test_networks_of_different_sizes_do_not_stack():
    small = tbrnn.LowRankRNN(units=5, rank=1, inputs=3, outputs=2).initial([0])
    both = tbrnn.Ensemble.concatenate([small, two(1).initial([0])])
    with pytest.raises(
        ValueError, match=r"states do not stack: the members have \[5, 11\] units; select"
    ):
        both.simulate(INPUTS)
    assert both.simulate(INPUTS, states=False, rates=False).outputs.shape == (2, 6, 7, 2)
