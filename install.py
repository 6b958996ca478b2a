"""Run by the host at every start, in a process of its own: installs what is missing, and no more.

What is installed already is never changed, neither by us nor by what we need: every installed
package is pinned to its version while pip runs. Only wheels are taken. Whatever fails, the host
starts; the extension then shows what is missing and how to cure it.
"""

from __future__ import annotations

import os
import sys

from animeseg.webui.requirements import (
    OPENCV,
    REQUIREMENTS,
    Requirement,
    everything_installed,
    installed_version,
    look_again,
    normal,
    unsatisfied,
)

TIMEOUT_SECONDS = 1800


def main() -> None:
    """Installs what is missing; silent when nothing is."""
    wanted = [item for item in unsatisfied() if not item.of_host]
    if not wanted:
        return
    reason = forbidden()
    if reason:
        say(f"not installed, because of {reason}: " + ", ".join(item.line for item in wanted))
        return
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        constraints = os.path.join(folder, "constraints.txt")
        failed = [item for item in wanted if not installed(item, constraints)]
    if failed:
        lines = " ".join(f'"{item.line}"' for item in failed)
        say(f"failed to install {lines}; the WebUI starts without. When the package index can be")
        say(f'reached, run: "{sys.executable}" "{os.path.realpath(__file__)}"')


def forbidden() -> str:
    """Why nothing may be installed; empty if it may."""
    from animeseg.limits import read_environment

    if "--skip-install" in os.environ.get("COMMANDLINE_ARGS", "").split():
        return "--skip-install"
    return "an offline flag in the environment" if read_environment().offline else ""


def installed(item: Requirement, constraints: str) -> bool:
    """Installs one package; says whether it is there then."""
    say(f"installing {item.line} for {item.purpose}")
    write_constraints(constraints)
    if item.name == "ultralytics" and needs_care():
        done = pip(["--no-deps", item.line], constraints) and leftovers(item.name, constraints)
    else:
        done = pip([item.line], constraints)
    look_again()
    return done and item.satisfied()


def needs_care() -> bool:
    """Whether pip would put a second OpenCV over the files of the one that is there.

    ultralytics asks for ``opencv-python`` by name. Where cv2 comes from another package, or from
    none that pip knows, it is installed without what it asks for.
    """
    cv2 = next(item for item in REQUIREMENTS if item.module == "cv2")
    return cv2.satisfied() and installed_version(OPENCV[0]) is None


def leftovers(name: str, constraints: str) -> bool:
    """Installs what ``name`` asks for and is not there, one by one, OpenCV left out."""
    from importlib import metadata

    from packaging.requirements import Requirement as Line

    look_again()
    hosts = {item.name for item in REQUIREMENTS if item.of_host} | set(OPENCV)
    for line in map(Line, metadata.requires(name) or ()):
        if line.marker is not None and not line.marker.evaluate({"extra": ""}):
            continue
        version = installed_version(line.name)
        if line.name in hosts or (version and line.specifier.contains(version, prereleases=True)):
            continue
        if not pip([f"{line.name}{line.specifier}"], constraints):
            say(f"{name} asks for {line}, which could not be installed; it may work without")
    return True


def write_constraints(path: str) -> None:
    """Pins everything that is installed, save what we are about to replace ourselves."""
    ours = {item.name for item in unsatisfied()}
    lines = [
        f"{name}=={version}\n"
        for name, version in everything_installed()
        if normal(name) not in ours and not name.startswith("ultralytics")
    ]
    with open(path, "w", encoding="utf-8") as file:
        file.writelines(lines)


def pip(arguments: list[str], constraints: str) -> bool:
    """Runs ``pip install``; says whether it succeeded."""
    import subprocess

    command = [sys.executable, "-m", "pip", "install", "--disable-pip-version-check", "--quiet"]
    command += ["--prefer-binary", "--only-binary", ":all:", "-c", constraints, *arguments]
    if index := os.environ.get("INDEX_URL"):
        command += ["--index-url", index]
    try:
        done = subprocess.run(  # noqa: S603 - the interpreter itself, arguments of our own
            command, capture_output=True, text=True, check=False, timeout=TIMEOUT_SECONDS
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        say(f"pip could not be run: {error}")
        return False
    if done.returncode:
        errors = [line for line in done.stderr.splitlines() if line.startswith("ERROR")]
        say((errors or done.stderr.splitlines() or ["pip failed without a word"])[-1][:300])
    return done.returncode == 0


def say(text: str) -> None:
    """Prints a line; the host shows it after us."""
    print(f"[animeseg] {text}", flush=True)


if __name__ == "__main__":
    try:
        main()
    except Exception as error:  # the host starts whatever happens here
        say(f"install.py failed: {type(error).__name__}: {error}")
