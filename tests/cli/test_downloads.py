"""What a download is announced for."""

from __future__ import annotations

import pytest

from animeseg.cli.downloads import missing_for
from animeseg.options import Options


@pytest.mark.parametrize(
    ("options", "names"),
    [
        ({}, set()),
        ({"refine": "prompt"}, {"mobile-sam"}),
        ({"target": "character - hand"}, {"hand-yolov8n"}),
        ({"target": "background", "model": "person-yolov8n-seg"}, {"person-yolov8n-seg"}),
    ],
)
def test_everything_that_options_need_and_is_not_here_is_announced(options, names):
    wanted = Options(**{"refine": "none", **options})
    assert {record.name for record in missing_for(wanted, ())} == names
