"""LINT: a student fitted to a teacher's trajectory, scored with the teacher's readout."""

from dataclasses import replace

from .network import rates, rollout
from .training import train


def student_targets(teacher, p, inputs, match):
    states = rollout(teacher, p, inputs)
    return rates(teacher, states) if match == "rates" else states


def lint(student, start, teacher, p, inputs, match, **options):
    """start: the student's own w_in (and b_in) and vectors; the teacher's readout comes after."""
    targets = student_targets(teacher, p, inputs, match)
    plain = replace(student, identity_readout=True)
    run = train(plain, start, {"inputs": inputs, "targets": targets}, match=match, **options)
    run.best = run.best | {name: p[name] for name in ("w_out", "b_out") if name in p}
    return run
