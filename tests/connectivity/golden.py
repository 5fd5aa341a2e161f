"""Published networks of the connectivity tests, loaded by the fixture `published`."""

import numpy as np

import tbrnn


def effective_pair(published):
    """Teacher and LINT student of the effective-tensor example (Fig 3c), in float64."""
    return [
        tbrnn.LowRankTBRNN.from_state_dict(
            {name: array.astype(float) for name, array in published(file).items()},
            alpha=0.2,
            hard_orth=True,
        )[0]
        for file in ("weff_teacher_lr_tbrnn", "weff_student_lr_tbrnn")
    ]


def cosine(a, b):
    return np.sum(a * b) / np.sqrt(np.sum(a * a) * np.sum(b * b))


def discrete_states(arrays, w_hh, inputs):
    """A full three-body network in disc + voltage mode, as its paper writes it."""
    trials, units = len(inputs), len(w_hh)
    x, states = np.zeros((trials, units)), []
    for u in np.moveaxis(inputs, 1, 0):
        products = (x[:, :, None] * x[:, None, :]).reshape(trials, -1)
        drive = products @ w_hh.reshape(units, -1).T
        x = np.tanh(drive + u @ arrays["w_in.weight"].T + arrays["w_in.bias"])
        states.append(x)
    return np.stack(states, axis=1)


def discrete_outputs(arrays, w_hh, inputs):
    states = discrete_states(arrays, w_hh, inputs)
    return states @ arrays["w_out.weight"].T + arrays["w_out.bias"]
