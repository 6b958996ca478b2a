"""The tests of the WebUI that need gradio, run with the gradio of each environment."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from environments import REPOSITORY

NEEDS = 'importorskip("gradio"'


def test_what_needs_gradio_holds_with_this_one(environment, tmp_path):
    folder = REPOSITORY / "tests" / "webui"
    files = [path for path in sorted(folder.glob("test_*.py")) if NEEDS in path.read_text("utf-8")]
    assert files
    command = [str(environment.python), "-W", "ignore", "-m", "pytest", "-p", "no:cacheprovider"]
    done = subprocess.run(
        [*command, "-p", "no:xdist", *map(str, files)],
        cwd=REPOSITORY,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY), "TMPDIR": str(Path(tmp_path))},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-5000:]
    assert "skipped" not in done.stdout.splitlines()[-1]
