"""Published numbers of Fig 3: mean accuracy on the training trials by rank, 1 to 6.

Source: the arrays that accompany the public code of "Beyond linear summation: Three-Body RNNs for
modeling complex neural and biological systems". They are irregular in two ways. Four of the 30 rows
repeat another one, so that there are 26 distinct runs; both means are given. And the slice method
equals the tensor train in 21 distinct runs, but is far more accurate in five (1, 2, 3, 9 and 10),
as if it had had slices along all three axes there; both groups are given.
"""

Curve = tuple[float, ...]

RANKS = (1, 2, 3, 4, 5, 6)

ALL = "30 rows"
DISTINCT = "26 distinct runs"

ACCURACY: dict[str, dict[str, Curve]] = {
    "lint": {
        ALL: (0.699109, 0.854241, 0.976870, 0.980729, 0.991944, 0.990225),
        DISTINCT: (0.702173, 0.853736, 0.973311, 0.977764, 0.990705, 0.988721),
    },
    "slice": {
        ALL: (0.602635, 0.684101, 0.747010, 0.798831, 0.838497, 0.877938),
        DISTINCT: (0.613570, 0.686230, 0.747015, 0.798443, 0.838202, 0.872918),
    },
    "tt": {
        ALL: (0.550477, 0.626133, 0.701240, 0.771136, 0.824352, 0.862270),
        DISTINCT: (0.553390, 0.621467, 0.696407, 0.768294, 0.821007, 0.853889),
    },
    "tca": {
        ALL: (0.539820, 0.618685, 0.671406, 0.750088, 0.784768, 0.793635),
        DISTINCT: (0.538787, 0.616668, 0.677460, 0.741255, 0.779901, 0.786213),
    },
}

# the slice method: runs in which it is the tensor train, and the others
SLICE_REGULAR: Curve = (0.553059, 0.619843, 0.690495, 0.752490, 0.801389, 0.844286)
SLICE_IRREGULAR: Curve = (0.867714, 0.965057, 0.984401, 0.991443, 0.992818, 0.993172)

# cosine between teacher and student of one example: canonical tensors, and their effective parts
COSINE, EFFECTIVE_COSINE = 0.583315, 0.996473
SYMMETRISED_COSINES = (0.56815, 0.99527)

# share of the variance along three components, and participation ratio, of one teacher
VARIANCE, PARTICIPATION = 0.923977, 3.481
