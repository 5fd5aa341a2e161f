"""LINT: a student fitted to a teacher's trajectory, scored with the teacher's readout.

match "rates": phi_out(x) = phi_out(x of the teacher) (voltage form: x); "states": x = x.
"""

from dataclasses import replace

from .network import readout, rollout
from .training import train


def lint(student, start, teacher, p, inputs, match, **options):
    """start: the student's vectors, w_in and b_in; the teacher's readout is added at the end."""
    shown = {"phi_out": teacher.phi_out if match == "rates" else "identity"}
    student, bare = (replace(net, identity_readout=True, **shown) for net in (student, teacher))
    targets = readout(bare, p, rollout(teacher, p, inputs))
    run = train(student, start, {"inputs": inputs, "targets": targets}, **options)
    run.best = run.best | {name: p[name] for name in ("w_out", "b_out") if name in p}
    return run
