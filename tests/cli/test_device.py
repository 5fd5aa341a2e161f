"""``--device cuda`` on a machine that has none."""

import pytest
from typer.testing import CliRunner

from tbrnn.cli import app


@pytest.mark.parametrize("command", [["train", "flipflop_train"], ["sweep", "flipflop_sweep"]])
def test_commands_end_with_the_reason(monkeypatch, tmp_path, command):
    monkeypatch.setenv("TBRNN_CUDA_LIBRARY", str(tmp_path / "none.so"))
    out = ["--out", str(tmp_path / "out"), "--device", "cuda"]
    result = CliRunner().invoke(app, [*command, *out])
    assert result.exit_code == 2
    assert "none.so does not exist" in result.stderr
    assert not (tmp_path / "out").exists()  # another configuration may begin it


def test_reproduce_takes_a_device(monkeypatch, tmp_path):
    monkeypatch.setenv("TBRNN_CUDA_LIBRARY", str(tmp_path / "none.so"))
    for name in ("table1", "fig4"):
        out = ["--out", str(tmp_path / name), "--device", "cuda"]
        result = CliRunner().invoke(app, ["reproduce", name, *out])
        assert result.exit_code == 2
        assert "none.so does not exist" in result.stderr
        assert not (tmp_path / name).exists()


def test_a_finished_folder_needs_no_device(monkeypatch, tmp_path):
    words = ["train", "flipflop_train", "--out", str(tmp_path / "out")]
    small = ["--set", "training.epochs=2", "--set", "trials.train=3"]
    first = CliRunner().invoke(app, [*words, *small])
    monkeypatch.setenv("TBRNN_CUDA_LIBRARY", str(tmp_path / "none.so"))
    again = CliRunner().invoke(app, [*words, *small, "--device", "cuda"])
    assert (again.exit_code, again.stdout) == (0, first.stdout)
