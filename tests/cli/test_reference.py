from __future__ import annotations

import json

from animeseg.cli.flags import output_knobs
from animeseg.options import Options, knobs


def test_the_reference_names_every_option_with_its_default(animeseg):
    run = animeseg("options")
    assert run.code == 0
    for knob in (*knobs().values(), *output_knobs()):
        assert f"  --{knob.name.replace('_', '-')}" in run.lines
        assert knob.section in run.lines
    assert max(map(len, run.lines)) < 80


def test_the_schema_describes_what_the_options_accept(animeseg):
    schema = json.loads(animeseg("options", "--json").out)
    assert list(schema["properties"]) == list(knobs())
    assert schema["additionalProperties"] is False
    defaults = {name: described["default"] for name, described in schema["properties"].items()}
    assert Options.from_mapping(defaults) == Options()
    assert defaults == Options().as_dict()
    order = schema["properties"]["order"]
    assert "left-to-right" in order["enum"]
    assert schema["properties"]["confidence"]["maximum"] == 1.0


def test_the_page_has_a_row_for_every_option(animeseg):
    run = animeseg("options", "--markdown")
    assert run.out.count("\n| `--") == len(knobs()) + len(output_knobs())
