"""Pictures made of characters and backgrounds: ``python -m animeseg.data synth``.

`recipe` reads a preset and what the user changed of it; `material` finds characters and
backgrounds, or draws them; `scene` composes our own pictures, `report_simple` and `report_enhanced`
those of the published report; `run` makes many of them on several cores.
"""
