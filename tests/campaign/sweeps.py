"""A small sweep: six networks of two shapes in two calls of `fit`, a fraction of a second."""

import json

SMALL = {
    "task": {"class": "FlipFlop", "bits": 1, "steps": 15},
    "trials": {"train": 12, "test": 9, "seed": 4},
    "model": {"class": "LowRankRNN", "units": 8},
    "training": {"epochs": 20, "lr": 1e-2, "stall": None, "record_every": 5},
    "grid": {"model.rank": [1, 2], "training.dtype": ["float32", "float64"]},
    "seeds": [0, 5, 7],
}


def lines(folder):
    """The lines of a folder without the seconds, which alone may differ."""
    path = folder / "networks.jsonl"
    found = [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
    return [{name: value for name, value in line.items() if name != "seconds"} for line in found]


def content(folder):
    """Names and bytes of everything in a sweep's folder but the shards and the seconds."""
    files = [*folder.glob("weights/*"), *folder.glob("history/*"), folder / "campaign.json"]
    return {str(file.relative_to(folder)): file.read_bytes() for file in files} | {
        "networks.jsonl": lines(folder)
    }
