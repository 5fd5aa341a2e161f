"""Experiments at smoke size: the paper's presets with few trials and epochs."""

import tbrnn
from tbrnn.reproduce import fig3, fig4, table2

EXPERIMENTS = {"fig3": fig3, "fig4": fig4, "table2": table2}
MADE = {  # what a report says of its origin
    "version": "1.2.3",
    "instruction_set": "avx2",
    "device": "cpu",
    "config": "abc",
    "seed": 0,
}
LOAD = {name: module.load_protocol for name, module in EXPERIMENTS.items()}


def shortened(value, epochs):
    """The same nested values with so many epochs in every training."""
    if not isinstance(value, dict):
        return value
    short = {key: shortened(entry, epochs) for key, entry in value.items()}
    return {**short, "epochs": epochs, "stall_window": epochs} if "stall_window" in value else short


def small(name, *, epochs=12, preset="paper", seed=6, runs=None, **changes):
    """A protocol of few trials and epochs; other keys as given."""
    content = LOAD[name](preset, seed=seed, runs=runs).model_dump(mode="json")
    content["networks"] = shortened(content["networks"], epochs)
    content |= {"trials": 11, "test_trials": 7, **SMALLER[name], **changes}
    return EXPERIMENTS[name].Protocol.model_validate(content)


def watched(monkeypatch, name):
    """Arguments of all calls of `tbrnn.fit` or `tbrnn.lint` from now on."""
    calls, train = [], getattr(tbrnn, name)

    def watch(*words, **options):
        calls.append((*words, options))
        return train(*words, **options)

    monkeypatch.setattr(tbrnn, name, watch)
    return calls


def threads_asked(monkeypatch):
    """How many threads all calls of `Ensemble.simulate` from now on may take."""
    asked, simulate = set(), tbrnn.Ensemble.simulate

    def watch(*words, **options):
        asked.add(options.get("threads"))
        return simulate(*words, **options)

    monkeypatch.setattr(tbrnn.Ensemble, "simulate", watch)
    return asked


def ending_with(monkeypatch, name, change):
    """`tbrnn.fit` or `tbrnn.lint` from now on returns what `change` makes of its runs."""
    train = getattr(tbrnn, name)
    monkeypatch.setattr(tbrnn, name, lambda *words, **options: change(train(*words, **options)))


SMALLER = {
    "fig3": {
        "acceptance_accuracy": 0.0,
        "truncation": {"cp_sweeps": 2, "cp_tolerance": 1e-8, "slice_sweeps": 2},
    },
    "fig4": {},
    "table2": {"candidates": 100},
}
