"""Embeddings of Euclidean distances are exact; the published matrix gives the published centres."""

import sys

import numpy as np
import pytest
from scipy.spatial.distance import pdist, squareform

from tbrnn.analysis import block_statistics, centroids, classical_mds, smacof
from tolerances import TOLERANCES, assert_close

RNG = np.random.default_rng(11)
POINTS = RNG.normal(0, [3, 1], (12, 2))
PLANE = squareform(pdist(POINTS))
NOISY = PLANE + np.abs(squareform(RNG.normal(0, 0.3, 66)))
LADDER = np.subtract.outer(range(4), range(4)) ** 2.0  # squares of distances on a line
CLASSES = np.array(["RNN", "TBRNN", "TBRNN_same", "GRU"])
PAIRS = [("RNN", "TBRNN"), ("RNN", "GRU"), ("TBRNN", "GRU")]
BLOCKS = {  # mean, std, median, least, most of the published distances
    ("RNN", "RNN"): (0.033444, 0.039742, 0.020124, 0.000167, 0.237136),
    ("TBRNN", "TBRNN"): (0.529189, 0.343659, 0.643920, 0.003655, 0.998064),
    ("TBRNN_same", "TBRNN_same"): (0.500697, 0.344759, 0.489028, 0.003242, 0.985148),
    ("GRU", "GRU"): (0.301741, 0.200925, 0.254816, 0.022594, 0.787675),
    ("RNN", "TBRNN"): (0.872698, 0.108704, 0.923493, 0.446602, 0.991172),
    ("RNN", "TBRNN_same"): (0.851491, 0.102713, 0.900432, 0.649615, 0.985020),
    ("RNN", "GRU"): (0.564917, 0.098409, 0.555710, 0.313407, 0.810159),
    ("TBRNN", "TBRNN_same"): (0.502409, 0.345656, 0.509607, 0.004587, 0.999416),
    ("TBRNN", "GRU"): (0.597304, 0.227314, 0.630742, 0.152778, 0.949785),
    ("TBRNN_same", "GRU"): (0.590034, 0.232247, 0.612770, 0.150852, 0.951155),
}
LARGEST_STRESS = 17.19606  # of the published SMACOF solution


@pytest.fixture
def sklearn():
    return pytest.importorskip("sklearn", reason="pip install 'tbrnn[analysis]'")


def between(points):
    return squareform(pdist(points))


def test_classical_scaling_recovers_points_of_a_plane():
    found = classical_mds(PLANE)
    assert_close(between(found.points), PLANE, "float64 values")
    assert np.max(np.abs(found.points.mean(axis=0))) < 1e-12
    spread = found.points.T @ found.points
    assert spread[0, 0] > spread[1, 1]
    assert abs(spread[0, 1]) < 1e-9
    assert np.all(found.points.max(axis=0) >= -found.points.min(axis=0))


def test_networks_may_come_in_any_order():
    order = RNG.permutation(12)
    found = classical_mds(NOISY[np.ix_(order, order)])
    assert_close(found.points, classical_mds(NOISY).points[order], "shifted sums")


@pytest.mark.parametrize("networks", [3, 4, 8])
def test_points_of_a_line_lie_on_one_in_a_plane(networks, sklearn):
    """The second eigenvalue is 0, and either side of it by rounding."""
    for places in np.random.default_rng(0).normal(0, 1, (40, networks, 1)):
        places[-1] = places[0]  # two networks that are the same
        for found in (classical_mds(between(places)), smacof(between(places), starts=1)):
            assert_close(between(found.points), between(places), "float32 values")
            assert_close(found.points, found.points * [1, 0], "roots of rounding")


def test_rounding_of_distances_in_float32_is_removed():
    rounded = (NOISY * (1 + np.triu(RNG.uniform(0, 1e-7, NOISY.shape)))).astype(np.float32)
    assert np.any(rounded != rounded.T)
    rounded += 1e-7 * np.eye(12, dtype=np.float32)
    assert_close(classical_mds(rounded).points, classical_mds(NOISY).points, "float32 values")


def test_stress_is_its_definition(sklearn):
    for found in (classical_mds(NOISY, 3), smacof(NOISY, 3, starts=2)):
        assert found.points.shape == (12, 3)
        expected = np.sum((pdist(found.points) - squareform(NOISY)) ** 2)
        assert_close(found.stress, expected, "float64 values")
        assert found.stress == found.stresses.min()


def test_smacof_lowers_the_stress(sklearn):
    found = smacof(NOISY, starts=5, seed=3)
    assert found.stress < classical_mds(NOISY).stress
    assert found.stresses.shape == (5,)
    assert np.array_equal(found.points, smacof(NOISY, starts=5, seed=3).points)
    assert smacof(PLANE, starts=1).stress < 1e-9
    spread = found.points.T @ found.points
    assert abs(spread[0, 1]) < 1e-9 * spread[0, 0]


def test_inputs_are_not_modified(sklearn):
    before = NOISY.copy()
    smacof(NOISY, starts=2)
    assert np.array_equal(NOISY, before)


def test_published_blocks(published):
    golden = published("solution_distance_matrix")
    blocks = block_statistics(golden["distance"], CLASSES[golden["class_id"]])
    assert set(blocks) == set(BLOCKS)
    for pair, expected in BLOCKS.items():
        ours = blocks[pair]
        assert ours.pairs == (435 if pair[0] == pair[1] else 900)
        values = [ours.mean, ours.std, ours.median, ours.least, ours.most]
        allowed = TOLERANCES["golden metrics float64"]
        assert np.max(np.abs(np.array(values) - expected)) <= allowed


def published_plane(published):
    golden = published("solution_distance_matrix")
    rows = golden["mds_index"]
    groups = CLASSES[golden["class_id"]][rows]
    return golden, golden["distance"][np.ix_(rows, rows)], groups


def centre_distances(points, groups):
    found = centroids(points, groups)
    place = found.names.index
    return np.array([found.distances[place(a), place(b)] for a, b in PAIRS])


def test_published_centres(published):
    golden, matrix, groups = published_plane(published)
    allowed = TOLERANCES["golden metrics float64"]
    ours = centre_distances(golden["mds_coords"], groups)
    assert np.max(np.abs(ours - [0.770040, 0.492296, 0.304481])) <= allowed
    ours = centre_distances(classical_mds(matrix).points, groups)
    assert np.max(np.abs(ours - [0.760380, 0.476414, 0.302926])) <= allowed


def test_smacof_of_the_published_matrix(published, sklearn):
    """Below the published stress; centres about where its seeds put them."""
    _, matrix, groups = published_plane(published)
    found = smacof(matrix)
    assert found.stress < LARGEST_STRESS
    low, high = np.array([(0.755, 0.775), (0.485, 0.505), (0.285, 0.305)]).T
    ours = centre_distances(found.points, groups)
    assert np.all((ours > low) & (ours < high))


def test_a_missing_library_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "sklearn", None)
    with pytest.raises(ModuleNotFoundError, match=r"smacof needs sklearn: pip install 'tbrnn\[an"):
        smacof(NOISY)


@pytest.mark.parametrize(
    ("distances", "dimensions", "message"),
    [
        (np.zeros((3, 4)), 2, r"distances must be \(network, network\), got shape \(3, 4\)"),
        (np.zeros((1, 1)), 1, r"distances must be \(network, network\) of two at least"),
        (-PLANE, 2, "distances must be finite and at least 0"),
        (PLANE + np.eye(12), 2, "distances must be symmetric with zeros on the diagonal"),
        (PLANE + np.triu(np.ones((12, 12)), 1), 2, "distances must be symmetric with zeros"),
        (PLANE + 1e-4 * np.triu(PLANE), 2, "distances must be symmetric with zeros"),
        (PLANE + 1e-4 * np.eye(12), 2, "distances must be symmetric with zeros on the diagonal"),
        (PLANE, 12, "dimensions must be a whole number from 1 to 11, got 12"),
        (1.0 - np.eye(2), 2, "dimensions must be .* from 1 to 1, got 2"),
        (np.zeros((4, 4)), 2, "distances must be of points that span 2 dimensions"),
        (LADDER, 3, "distances must be of points that span 3 dimensions, got those that span 1"),
    ],
)
def test_errors(distances, dimensions, message):
    with pytest.raises(ValueError, match=message):
        classical_mds(distances, dimensions)
