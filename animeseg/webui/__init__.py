"""The WebUI: AUTOMATIC1111 and the Forge family, and the same tab without any of them.

    host/         alone touches the host's ``modules.*``; says NONE and still works without a host
    settings.py   every entry of the settings page, declared once
    service.py    one `Service` a process: models, memory, out-of-memory ladder, interruption
    guard.py      no exception of ours reaches the host
    missing.py    what is shown when a package is missing

Importing any of these costs milliseconds; gradio, torch and the host are touched on use only.
"""
