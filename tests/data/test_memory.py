"""Memory does not grow with the number of pictures."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from animeseg.data.synth.pixels import Cache

PROGRAM = """
import gc, json, sys
from pathlib import Path
import psutil
from animeseg.data.converting import convert
from animeseg.data.dataset import open_dataset
from animeseg.data.formats.source import Classes, FromDataset
from animeseg.data.synth.material import find_backgrounds, find_characters
from animeseg.data.synth.recipe import make_recipe
from animeseg.data.synth.run import Job, synthesise

def noting(curve):
    seen = [0]
    def tell(_):
        seen[0] += 1
        if seen[0] in (150, 600):
            gc.collect()
            curve.append(psutil.Process().memory_info().rss / 2**20)
    return tell

root, curves = Path(sys.argv[1]), {"synth": [], "convert": [], "read": []}
recipe = make_recipe("default", {"size": 64, "looks": False})
people = find_characters(None, figures=4, identity=str)
job = Job(root / "set", recipe, 0, 600, 0.0, False, people, find_backgrounds(None, scenes=4))
synthesise(job, 1, noting(curves["synth"]))
source = FromDataset(open_dataset(root / "set" / "annotations.json"), Classes(("x",), {0: 0}))
convert(source, root / "copy", {}, noting(curves["convert"]))
dataset, tell = open_dataset(root / "copy"), noting(curves["read"])
for row in range(len(dataset)):
    dataset.image(row), dataset.instances(row)
    tell(None)
print(json.dumps(curves))
"""


@pytest.mark.slow
def test_making_converting_and_reading_stay_at_their_size(tmp_path):
    pytest.importorskip("psutil")
    command = [sys.executable, "-c", PROGRAM, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    for step, (early, late) in json.loads(done.stdout).items():
        # 450 pictures kept would take 450 x 64 x 64 x 3 bytes = 5 MiB, with masks more.
        assert late - early < 4, step


def test_a_cache_forgets_what_was_not_used_for_long():
    import numpy as np

    made = []

    def make(key):
        def picture():
            made.append(key)
            return np.zeros(100, np.uint8)

        return picture

    cache = Cache(limit=250)
    for key in "abacab":
        assert cache.get(key, make(key)).nbytes == 100
    assert made == ["a", "b", "c", "b"]
    with pytest.raises(ValueError, match="read-only"):
        cache.get("b", make("b"))[0] = 1
