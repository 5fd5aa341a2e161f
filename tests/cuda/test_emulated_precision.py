"""Products of float32 in three of tf32, on an emulated device."""

import numpy as np
import pytest

import tbrnn
from tolerances import assert_close
from trainings import FREE, LARGE, SIZES, same_training, trials_of

pytestmark = pytest.mark.usefixtures("emulated")

FEW = trials_of(np.random.default_rng(6), 3, steps=2)
SPLIT = {"device": "cuda", "precision": "tf32x3"}
LARGE_RNN = tbrnn.RNN(units=130, **LARGE)


@pytest.mark.parametrize("model", [LARGE_RNN, tbrnn.TBRNN(units=66, **LARGE)], ids=["RNN", "TBRNN"])
def test_split_products_train_as_the_processor_does(model):
    options = {"epochs": 2, "lr": 1e-3, "sigma": 0.05, "clip": 0.5, "record_every": 1, **FREE}
    ours = tbrnn.fit(model, FEW, **SPLIT, **options)
    same_training(ours, tbrnn.fit(model, FEW, device="cpu", **options))
    assert ours.device.tolist() == ["cuda: emulated device in tf32x3"]
    whole = tbrnn.fit(model, FEW, device="cuda", precision="float32", **options)
    assert whole.device.tolist() == ["cuda: emulated device"]
    name = model.spec.fields[0][0]
    assert not np.array_equal(ours.last[0].arrays[name], whole.last[0].arrays[name])


def test_gradients_by_split_products_are_those_of_the_processor():
    nets = LARGE_RNN.initial(range(2))
    loss, ours = tbrnn.gradient(nets, FEW, **SPLIT)
    theirs = tbrnn.gradient(nets, FEW, device="cpu")
    assert_close(loss, theirs[0], "float32 gradients")
    for name, array in ours.items():
        assert_close(array, theirs[1][name], "float32 gradients", name)
    whole = tbrnn.gradient(nets, FEW, device="cuda", precision="float32")
    assert not np.array_equal(ours["w_hh"], whole[1]["w_hh"])


def test_a_checkpoint_is_of_one_precision(tmp_path):
    options = {"epochs": 2, "device": "cuda", "checkpoint": tmp_path, **FREE}
    tbrnn.fit(LARGE_RNN, FEW, precision="tf32x3", **options)
    with pytest.raises(ValueError, match="precision"):
        tbrnn.fit(LARGE_RNN, FEW, **options)


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"device": "cpu"}, "'float32' on the processor, got 'tf32x3'"),
        ({"dtype": "float64"}, "left out in float64, got 'tf32x3'"),
        ({"precision": "tf32"}, "one of 'float32', 'tf32x3', got 'tf32'"),
        ({"precision": 3}, "one of 'float32', 'tf32x3', got 3"),
        ({"precision": "float32", "dtype": "float64"}, "left out in float64, got 'float32'"),
    ],
)
def test_a_precision_that_is_not_there_is_named(options, expected):
    with pytest.raises(ValueError, match=f"precision must be {expected}"):
        tbrnn.fit(LARGE_RNN, FEW, epochs=1, **{**SPLIT, **options})


@pytest.mark.parametrize(
    "model",
    [
        tbrnn.RNN(units=128, **LARGE),
        tbrnn.TBRNN(units=64, **LARGE),
        tbrnn.LeakyGRU(units=130, **LARGE),
        tbrnn.LowRankTBRNN(rank=2, units=130, **LARGE),
        tbrnn.LowRankRNN(rank=1, bulk=(0.8, 0), **SIZES),
    ],
    ids=["one block", "pairs in one block", "gated", "low rank", "bulk"],
)
def test_networks_without_products_to_split_are_named(model):
    name = f"{type(model).__name__} of {model.units} units .none in tf32x3: "
    with pytest.raises(ValueError, match=f"precision must be 'float32' for {name}"):
        tbrnn.fit(model, FEW, epochs=1, **SPLIT)


def test_split_products_need_the_device_that_auto_looks_for(monkeypatch, tmp_path):
    options = {"epochs": 1, "device": "auto", "precision": "tf32x3"}
    assert tbrnn.fit(LARGE_RNN, FEW, **options).device[0].endswith("in tf32x3")
    monkeypatch.setenv("TBRNN_CUDA_LIBRARY", str(tmp_path / "none.so"))
    with pytest.raises(ValueError, match="precision must be 'float32' on the processor"):
        tbrnn.fit(LARGE_RNN, FEW, **options)
