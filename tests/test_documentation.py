"""What the documentation shows runs as written: doctests, the README's Python, the stub."""

import ast
import doctest
import importlib
import inspect
import pkgutil
import re
from dataclasses import fields, is_dataclass
from pathlib import Path

import matplotlib.pyplot as plt
import pytest

import tbrnn
from tbrnn import _core

ROOT = Path(__file__).parents[1]
PEERS = {"torch", "jax"}  # of the extra `peers`, which only the benchmark imports
NEEDS = {  # of the extra `analysis`, imported in calls
    "tbrnn.analysis.embedding": "sklearn",
    "tbrnn.connectivity.cp": "tensorly",
}
MODULES = ["tbrnn"] + [
    module.name
    for module in pkgutil.walk_packages(tbrnn.__path__, "tbrnn.")
    if module.name != "tbrnn._core"
]
README = re.findall(r"^```python\n(.*?)^```", (ROOT / "README.md").read_text(), re.S | re.M)


@pytest.fixture(autouse=True)
def scratch(tmp_path, monkeypatch):
    """Files land in a folder of their own, pictures in memory."""
    monkeypatch.chdir(tmp_path)
    plt.switch_backend("agg")
    yield
    plt.close("all")


def examples(name):
    try:
        module = importlib.import_module(name)
    except ModuleNotFoundError as missing:
        if missing.name not in PEERS:
            raise
        pytest.skip(f"{missing.name} is not installed: pip install 'tbrnn[peers]'")
    return [test for test in doctest.DocTestFinder().find(module) if test.examples]


@pytest.mark.parametrize("name", MODULES)
def test_doctests(name):
    if name in NEEDS:
        pytest.importorskip(NEEDS[name], reason="pip install 'tbrnn[analysis]'")
    report = []
    runner = doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE)
    for test in examples(name):
        runner.run(test, out=report.append)
    assert not runner.summarize(verbose=False).failed, "".join(report)


def test_doctests_are_found():
    for name in ("tbrnn.train", "tbrnn.ensemble", "tbrnn.tasks.task", "tbrnn.analysis.scores"):
        assert examples(name), name


@pytest.mark.parametrize("block", README, ids=[f"block {i}" for i in range(len(README))])
def test_readme(block):
    exec(compile(block, "README.md", "exec"), {})


def test_public_names_have_docstrings_with_examples():
    for name in tbrnn.__all__:
        thing = getattr(tbrnn, name)
        if inspect.isfunction(thing) or inspect.isclass(thing):
            assert inspect.getdoc(thing), name
            if inspect.isfunction(thing):
                assert ">>>" in thing.__doc__, name


def documented(thing):
    """The names that heads of numpydoc entries define, such as ``x, y : array``."""
    heads = re.findall(r"^([\w, ]+) : ", inspect.getdoc(thing), re.M)
    return {name for head in heads for name in head.split(", ")}


@pytest.mark.parametrize("module", ["analysis", "connectivity", "noise", "plot"])
def test_public_arguments_and_fields_are_documented(module):
    listed = importlib.import_module(f"tbrnn.{module}")
    for thing in (getattr(listed, name) for name in listed.__all__):
        if is_dataclass(thing):
            assert documented(thing) >= {field.name for field in fields(thing)}, thing
        if inspect.isfunction(thing):
            assert documented(thing) >= set(inspect.signature(thing).parameters), thing
            for section in ("Parameters", "Returns", "Raises", "Examples"):
                assert f"\n{section}\n---" in inspect.getdoc(thing), (thing, section)


def public(names):
    return {name for name in names if not name.startswith("_")}


def test_stub_has_the_names_of_the_compiled_module():
    stub = ast.parse((Path(tbrnn.__file__).parent / "_core.pyi").read_text())
    defined = {n.name: n for n in stub.body if isinstance(n, ast.ClassDef | ast.FunctionDef)}
    assert public(defined) == public(vars(_core))
    for name, node in defined.items():
        if isinstance(node, ast.ClassDef):
            members = {item.name for item in node.body if isinstance(item, ast.FunctionDef)}
            assert public(members) == public(vars(getattr(_core, name))), name
