"""The published Table 2: mean and standard deviation (population) over 30 runs.

Source: the notebook output and statistics of the public code of "Beyond linear summation:
Three-Body RNNs for modeling complex neural and biological systems", on the training trials.
"""

CKA = {
    "rnn": (0.662345, 0.008073),
    "tbrnn": (0.897752, 0.019470),
    "hornn": (0.928393, 0.011636),
}
R2 = {
    "rnn": (0.492308, 0.010228),
    "tbrnn": (0.864260, 0.021874),
    "hornn": (0.902481, 0.013770),
}

# One run, of which weights and data were published: squared error, R2 about each unit's own mean
# over trials and time, share of proteins on or off as they should be in the last frame.
RUN = {
    "rnn": (0.064378, 0.494698, 0.8423),
    "tbrnn": (0.013167, 0.896653, 0.9798),
    "hornn": (0.009786, 0.923187, 0.9900),
}

# Share of runs in which the alignment of the second is above that of the first.
WINS = {("rnn", "tbrnn"): 30 / 30, ("tbrnn", "hornn"): 28 / 30}
