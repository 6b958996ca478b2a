"""Two environments of their own for the tests in a browser: gradio 3.41 and gradio 4.40.

    python tests/browser/environments.py        makes what is missing, and says where it is

Each has its own gradio, pydantic, fastapi and numpy, as the hosts have them; torch, OpenCV and the
like are those of the environment that runs this script.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
import sysconfig
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
REPOSITORY = HERE.parents[1]

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")


@dataclass(frozen=True)
class Environment:
    """One gradio.

    Attributes:
        name: ``gradio3`` or ``gradio4``.
        folder: of the virtual environment.
    """

    name: str
    folder: Path

    @property
    def requirements(self) -> Path:
        return HERE / f"{self.name}.txt"

    @property
    def python(self) -> Path:
        windows = self.folder / "Scripts" / "python.exe"
        return windows if windows.exists() else self.folder / "bin" / "python"

    @property
    def mark(self) -> str:
        """What the environment is made from; another one is made anew."""
        parts = [self.requirements.read_text("utf-8"), sys.version, *own_packages()]
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()

    @property
    def is_ready(self) -> bool:
        note = self.folder / ".ready"
        return note.is_file() and note.read_text("utf-8") == self.mark

    def make(self) -> None:
        """Makes the environment unless it is there.

        Raises:
            subprocess.CalledProcessError: the packages cannot be had.
        """
        if self.is_ready:
            return
        shutil.rmtree(self.folder, ignore_errors=True)
        subprocess.run([sys.executable, "-m", "venv", str(self.folder)], check=True)
        pip = [str(self.python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*pip, "-r", str(self.requirements)], check=True)
        asked = "import sysconfig; print(sysconfig.get_path('purelib'))"
        done = subprocess.run(
            [str(self.python), "-c", asked], check=True, capture_output=True, text=True
        )
        # The last .pth by name: what the environment has itself comes first.
        path = Path(done.stdout.strip()) / "zzz_animeseg_shared.pth"
        path.write_text("\n".join(own_packages()) + "\n", "utf-8")
        (self.folder / ".ready").write_text(self.mark, "utf-8")


ENVIRONMENTS = {
    name: Environment(name, REPOSITORY / folder)
    for name, folder in (("gradio3", ".venv-g3"), ("gradio4", ".venv-g4"))
}


def own_packages() -> list[str]:
    """The package folders of this interpreter."""
    return sorted({sysconfig.get_path("purelib"), sysconfig.get_path("platlib")})


def browser() -> str | None:
    """The program that shows the pages, or None."""
    return next((path for name in BROWSERS if (path := shutil.which(name))), None)


def outcome(environment: Environment) -> str:
    """Makes an environment and says where it is, or why there is none."""
    try:
        environment.make()
    except subprocess.CalledProcessError as error:
        return f"cannot be had ({error}), its tests will be skipped"
    return str(environment.python)


def main() -> int:
    if browser() is None:
        print(f"no browser here ({', '.join(BROWSERS)}): the tests in one will be skipped")
        return 0
    for environment in ENVIRONMENTS.values():
        print(f"{environment.name}: {outcome(environment)}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
