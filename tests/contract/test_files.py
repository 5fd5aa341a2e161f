"""Weight files: bit for bit there and back, whole or not at all, every damage named."""

import os

import numpy as np
import pytest
import safetensors.numpy
from hypothesis import given
from hypothesis import strategies as st

import tbrnn
from tbrnn.io import read_tensors, write_tensors

SIZES = {"units": 5, "inputs": 3, "outputs": 2}


def mixed(dtype="float32"):
    models = [
        tbrnn.LowRankRNN(rank=1, sigma=0.1, phi=tbrnn.Nonlinearity("relu", slope=2), **SIZES),
        tbrnn.LowRankTBRNN(rank=2, hard_orth=True, phi="softplus", **SIZES),
        tbrnn.LowRankHORNN(rank=(1, 3), gated=True, form="voltage", scale=0.5, **SIZES),
        tbrnn.LowRankTBRNN(rank=2, readout="identity", units=5, inputs=3, outputs=5),
    ]
    parts = [m.initial([(k, 4), k], numbers=[7, k], dtype=dtype) for k, m in enumerate(models)]
    return tbrnn.Ensemble.concatenate(parts)[[3, 0, 1, 2, 7, 6, 5, 4]]


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    path = tmp_path_factory.mktemp("weights") / "nets.safetensors"
    mixed().save(path)
    return path.read_bytes()


def assert_same(a, b):
    assert a.models == b.models
    assert a.numbers.tolist() == b.numbers.tolist()
    assert a.seeds == b.seeds
    assert a.dtype == b.dtype
    for ours, theirs in zip(a, b, strict=True):
        assert ours.arrays.keys() == theirs.arrays.keys()
        for name, array in ours.arrays.items():
            assert np.array_equal(array, theirs.arrays[name])


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_there_and_back(tmp_path, dtype):
    nets = mixed(dtype)
    nets.save(tmp_path / "nets.safetensors")
    assert_same(tbrnn.load(tmp_path / "nets.safetensors"), nets)


def test_one_network(tmp_path):
    net = mixed()[2]
    net.save(str(tmp_path / "net.safetensors"))
    assert_same(tbrnn.load(str(tmp_path / "net.safetensors")), net)


def test_file_is_safetensors_that_others_can_read(saved):
    tensors = safetensors.numpy.load(saved)
    assert sum(array.nbytes for array in tensors.values()) == 4 * sum(
        net.model.spec.size for net in mixed()
    )


def test_saving_replaces_a_file_and_leaves_nothing_else(tmp_path):
    path = tmp_path / "nets.safetensors"
    path.write_bytes(b"old")
    mixed().save(path)
    assert [entry.name for entry in tmp_path.iterdir()] == ["nets.safetensors"]
    assert_same(tbrnn.load(path), mixed())


def test_what_a_killed_process_of_the_same_number_left_is_no_matter(tmp_path):
    (tmp_path / f".nets.safetensors.{os.getpid()}.partial").write_text("half")
    mixed().save(tmp_path / "nets.safetensors")
    assert [path.name for path in tmp_path.iterdir()] == ["nets.safetensors"]


def test_a_failed_write_keeps_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "nets.safetensors"
    mixed()[:1].save(path)

    def full(descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        mixed().save(path)
    assert [entry.name for entry in tmp_path.iterdir()] == ["nets.safetensors"]
    assert_same(tbrnn.load(path), mixed()[:1])


def load_bytes(tmp_path_factory, content):
    path = tmp_path_factory.mktemp("damaged") / "nets.safetensors"
    path.write_bytes(content)
    return tbrnn.load(path)


@given(st.data())
def test_truncated_files_are_refused(saved, tmp_path_factory, data):
    length = data.draw(st.integers(0, len(saved) - 1))
    with pytest.raises(ValueError, match="nets.safetensors: truncated, damaged or no safetensors"):
        load_bytes(tmp_path_factory, saved[:length])


@given(st.data())
def test_a_flipped_bit_is_refused(saved, tmp_path_factory, data):
    position = data.draw(st.integers(0, len(saved) - 1))
    broken = bytearray(saved)
    broken[position] ^= 1 << data.draw(st.integers(0, 7))
    with pytest.raises(ValueError, match=r"nets.safetensors: .*(damaged|did not write)"):
        load_bytes(tmp_path_factory, bytes(broken))


def test_appended_bytes_are_refused(saved, tmp_path_factory):
    with pytest.raises(ValueError, match="damaged"):
        load_bytes(tmp_path_factory, saved + b"\0" * 8)


@pytest.mark.parametrize("content", [b"", b"hello", b"PK\x03\x04" + b"\0" * 200, b"\0" * 64])
def test_foreign_files_are_refused(tmp_path_factory, content):
    with pytest.raises(ValueError, match="truncated, damaged or no safetensors file"):
        load_bytes(tmp_path_factory, content)


def test_safetensors_of_others_are_refused(tmp_path_factory):
    other = safetensors.numpy.save({"weight": np.zeros((3, 2), np.float32)})
    with pytest.raises(ValueError, match="a safetensors file that tbrnn did not write"):
        load_bytes(tmp_path_factory, other)


@pytest.mark.parametrize("order", [[[9, 0]], [[0, 9]], [["a", 0]], 3])
def test_an_order_of_members_that_are_not_there_is_refused(tmp_path, order):
    path = tmp_path / "nets.safetensors"
    mixed().save(path)
    configuration, tensors = read_tensors(path)
    write_tensors(path, {**configuration, "order": order}, tensors)
    with pytest.raises(ValueError, match=r"nets.safetensors: written by tbrnn .* cannot read it"):
        tbrnn.load(path)


def test_missing_files_and_folders(tmp_path):
    with pytest.raises(FileNotFoundError, match="absent.safetensors: no such file"):
        tbrnn.load(tmp_path / "absent.safetensors")
    with pytest.raises(FileNotFoundError, match="a folder"):
        tbrnn.load(tmp_path)
    with pytest.raises(TypeError, match="path must be a path, got None"):
        tbrnn.load(None)
    with pytest.raises(TypeError, match="path must be a path, got 3"):
        mixed().save(3)
    with pytest.raises(FileNotFoundError, match="absent/nets.safetensors'$"):
        mixed().save(tmp_path / "absent" / "nets.safetensors")
