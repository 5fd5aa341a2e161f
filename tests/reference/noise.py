"""Noise of states and inputs: Philox4x32-10 (Salmon et al. 2011) and Box-Muller in float64.

key (low, high half of the member's 64 bits); counter (epoch, step, trial, block of four units +
purpose 2^28).
Words w0 w1 make units 0 and 1 of the block, w2 w3 units 2 and 3: radius from the first word of
a pair, angle from the second, each word as the odd number 2 floor(w / 512) + 1 over 2^24.
"""

import numpy as np

MULTIPLIER = (0xD2511F53, 0xCD9E8D57)
WEYL = (0x9E3779B9, 0xBB67AE85)
WORD = 2**32

# counter | key | words, from the known answers of the Random123 distribution.
KNOWN_ANSWERS = [
    "00000000 00000000 00000000 00000000 | 00000000 00000000 | 6627e8d5 e169c58d bc57ac4c 9b00dbd8",
    "ffffffff ffffffff ffffffff ffffffff | ffffffff ffffffff | 408f276d 41c83b0e a20bc7c6 6d5451fd",
    "243f6a88 85a308d3 13198a2e 03707344 | a4093822 299f31d0 | d16cfe09 94fdcceb 5001e420 24126ea1",
]


def known_answer(line):
    return [[int(word, 16) for word in part.split()] for part in line.split("|")]


def philox(counter, key):
    c, k = [int(word) for word in counter], [int(word) for word in key]
    for _ in range(10):
        first, second = MULTIPLIER[0] * c[0], MULTIPLIER[1] * c[2]
        c = [second // WORD ^ c[1] ^ k[0], second % WORD, first // WORD ^ c[3] ^ k[1], first % WORD]
        k = [(k[0] + WEYL[0]) % WORD, (k[1] + WEYL[1]) % WORD]
    return c


def box_muller(radius_word, angle_word):
    u = [(2 * (word >> 9) + 1) / 2**24 for word in (radius_word, angle_word)]
    radius, angle = np.sqrt(-2 * np.log(u[0])), 2 * np.pi * u[1]
    return radius * np.cos(angle), radius * np.sin(angle)


STATE, INPUT = 0, 1  # purposes


def normals(key, epoch, step, trials, units, purpose=STATE):
    """(trial, unit) standard normals of one step."""
    xi = np.empty((trials, 4 * -(-units // 4)))
    for trial in range(trials):
        for block in range(xi.shape[1] // 4):
            w = philox((epoch, step, trial, block + (purpose << 28)), (key % WORD, key // WORD))
            xi[trial, 4 * block : 4 * block + 4] = *box_muller(*w[:2]), *box_muller(*w[2:])
    return xi[:, :units]


def state_noise(key, epoch, trials, steps, units, purpose=STATE):
    """(trial, time, unit)"""
    each = [normals(key, epoch, t, trials, units, purpose) for t in range(steps)]
    return np.stack(each, axis=1)


def input_noise(key, epoch, trials, steps, inputs):
    """(trial, time, input)"""
    return state_noise(key, epoch, trials, steps, inputs, INPUT)
