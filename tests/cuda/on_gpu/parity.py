"""Each kernel against the CPU engine: gradients, trainings, the bits of a repeated run, memory."""

from itertools import groupby

import numpy as np

import tbrnn
from on_gpu import groups, memory
from on_gpu.cases import tiny
from tbrnn._device import open_device
from tbrnn.bench.workloads import BY_NAME, LEARNING_RATE
from tolerances import TOLERANCES, error

COLUMNS = ("check", "kernel", "model", "dtype", "cases", "loss_error", "error", "allowed")
COLUMNS += ("same_bits", "ok", "note")
DTYPES = ("float32", "float64")
SECONDS = 330  # for gradients and trainings
COMPANY, EPOCHS = 600, 12  # a company has more members than a card has blocks
# Units of the cases of an option that are trained, too.
TRAINED = {"plain": (7, 30, 64, 100, 512), "noise": (7, 33), "few channels": (30,)}
FREE = {"target_loss": None, "stall": None, "record_every": 1}


def rows(machine):
    few = machine.emulated
    plugin, _ = open_device()
    case = {"check": "loss curve", "model": "LowRankRNN", "dtype": "float32"}
    yield {**case, **attempt(loss_curves, few)}
    yield from memory.rows(few)
    if few:
        for case in tiny(trials=2, steps=2):
            yield from of_case(case, plugin, few)
    else:
        yield from groups.rows(SECONDS)
    note = "a card older than the engine's oldest architecture: tests/cuda/test_unavailable.py"
    yield {"check": "old card", "ok": None, "note": note}


def of_case(case, plugin, few):
    """Rows of both precisions; one row without numbers where no kernel serves the case."""
    reference = None
    for dtype in DTYPES[:1] if few or case.precision else DTYPES:
        kernel, why = case.kernel(plugin, dtype)
        row = {"kernel": kernel or "not offered", "model": type(case.model).__name__}
        row |= {"units": case.model.units, "dtype": case.precision or dtype, "case": str(case)}
        if kernel is None:
            yield {"check": "gradient", **row, "ok": None, "note": why}
            continue
        reference = reference or flat(gradient(case, "float64", "cpu"))
        yield {"check": "gradient", **row, **attempt(compared, case, dtype, reference)}
        if few or case.precision or case.model.units in TRAINED.get(case.option, ()):
            found = attempt(trained, case, dtype, 2 if few else EPOCHS)
            yield {"check": "training", **row, **found}
        if case.members == 1:
            yield {"check": "company", **row, **attempt(company, case, dtype, 3)}
        elif case.option == "plain" and case.model.units in (7, 33):
            yield {"check": "company", **row, **attempt(company, case, dtype, COMPANY)}


def attempt(check, *arguments):
    """A check that raises has failed, and the others go on."""
    try:
        return check(*arguments)
    except Exception as reason:
        return {"ok": False, "raised": type(reason).__name__, "note": str(reason)}


def gradient(case, dtype, device):
    nets = case.nets(case.members, dtype)
    options = {"match": case.match, "noise": case.noise, **on(device, case)}
    return tbrnn.gradient(nets, case.shown(), **options)


def on(device, case):
    """Only a device splits products."""
    return {"device": device, "precision": case.precision if device == "cuda" else None}


def flat(result):
    """Loss (member), gradient (member, parameter)."""
    loss, slopes = result
    return loss, np.concatenate([s.reshape(len(loss), -1) for s in slopes.values()], axis=1)


def compared(case, dtype, reference):
    """The device's loss and gradient, twice, against the CPU engine's in float64."""
    loss, slopes = flat(gradient(case, dtype, "cuda"))
    again = flat(gradient(case, dtype, "cuda"))
    errors = [error(a, b) for a, b in zip(slopes, reference[1], strict=True)]
    return verdict(
        f"{dtype} gradients",
        error(loss, reference[0]),
        max(errors),
        same_bits=loss.tobytes() + slopes.tobytes() == again[0].tobytes() + again[1].tobytes(),
    )


def company(case, dtype, members):
    """A member of many has the bits that it has among few."""
    nets, shown = case.nets(members, dtype), case.shown()
    options = {"match": case.match, "noise": case.noise, "device": "cuda"}
    whole, alone = (flat(tbrnn.gradient(some, shown, **options)) for some in (nets, nets[-1:]))
    same = all(a[-1:].tobytes() == b.tobytes() for a, b in zip(whole, alone, strict=True))
    return {"same_bits": same, "ok": same}


def trained(case, dtype, epochs):
    """A short training with every rule of a step, twice, against the CPU engine's."""
    options = {"epochs": epochs, "lr": tbrnn.linear(1e-3, 1e-4, epochs), "clip": 0.5, **FREE}
    options |= {"match": case.match, "sigma": case.noise, "optimizer": tbrnn.adamw(0.1)}
    nets, shown = case.nets(case.members, dtype), case.shown()
    ours, again, theirs = (
        tbrnn.fit(nets, shown, **on(device, case), **options) for device in ("cuda", "cuda", "cpu")
    )
    assert ours.epochs.tolist() == theirs.epochs.tolist()
    losses = [
        error(a["loss"], b["loss"]) for a, b in zip(ours.history, theirs.history, strict=True)
    ]
    members = range(case.members)
    ends = [(weights(run, i) for run in (ours, theirs)) for i in members]
    same = all(weights(ours, i).tobytes() == weights(again, i).tobytes() for i in members)
    name = "training" if dtype == "float64" else "float32 training"
    return verdict(name, max(losses), max(error(*pair) for pair in ends), same_bits=same)


def weights(runs, member):
    return np.concatenate([array.ravel() for array in runs.last[member].arrays.values()])


def loss_curves(few):
    """The first 100 epochs of one two-body network on the flip-flop."""
    workload = BY_NAME["two-body-3"]
    inputs, targets = (array[:2, :3] if few else array for array in workload.data())
    options = {"epochs": 2 if few else 100, "lr": LEARNING_RATE, **FREE}
    curves = [
        tbrnn.fit(workload.nets(), tbrnn.Trials(inputs, targets), device=device, **options).history
        for device in ("cuda", "cpu")
    ]
    ours, theirs = (curve[0]["loss"] for curve in curves)
    worst = float(np.max(np.abs(ours - theirs) / theirs))
    case = f"{workload.name}, {len(ours) - 1} epochs"
    return {"case": case, **verdict("loss curves", worst, worst)}


def verdict(name, loss_error, worst, same_bits=None):
    allowed = TOLERANCES[name]
    ok = bool(loss_error <= allowed and worst <= allowed and same_bits is not False)
    errors = {"loss_error": float(loss_error), "error": float(worst), "allowed": allowed}
    return {**errors, "same_bits": same_bits, "ok": ok}


def summary(found):
    """One line for each check, kernel, model and precision: how many cases, and the worst."""
    for _, group in groupby(sorted(found, key=kind), kind):
        several = list(group)
        bad = [row for row in several if row["ok"] is False]
        line = {**(bad or several)[0], "cases": len(several)}
        if bad:
            line["note"] = f"{len(bad)} failed: {bad[0].get('case', '')} {bad[0].get('note', '')}"
        for name in ("loss_error", "error"):
            numbers = [row[name] for row in several if row.get(name) is not None]
            line[name] = max(numbers) if numbers else None
        yield line


def kind(row):
    return tuple(str(row.get(name, "")) for name in ("check", "kernel", "model", "dtype"))
