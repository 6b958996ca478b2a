"""Environments like those of hosts: the right names and versions, and nothing in them.

    python tests/host/host_environments.py A1111          # pip freeze before and after install.py

Packages of hundreds of MB are stood in for by empty wheels of the same name and version: what
matters to pip are names and versions.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

INSTALLER = Path(__file__).resolve().parents[2] / "install.py"

_COMMON = """
Pillow==9.5.0 accelerate==0.21.0 aiohttp==3.9.5 altair==5.3.0 einops==0.4.1 filelock==3.13.1
httpcore==0.15.0 httpx==0.24.1 kornia==0.6.7 matplotlib==3.10.9 numpy==1.26.2 packaging==24.0
pandas==2.3.3 protobuf==3.20.0 PyYAML==6.0.1 requests==2.34.2 safetensors==0.4.2
scikit-image==0.21.0 scipy==1.15.3 tqdm==4.70.1 typing_extensions==4.16.0 uvicorn==0.54.0
psutil==5.9.5
"""
_A1111 = """
torch==2.1.2+cu121 torchvision==0.16.2+cu121 gradio==3.41.2 gradio_client==0.5.0
huggingface_hub==0.36.2 transformers==4.30.2 tokenizers==0.13.3 pydantic==1.10.27
fastapi==0.94.0 starlette==0.26.1 timm==1.0.31
"""
_FORGE = """
torch==2.3.1+cu121 torchvision==0.18.1+cu121 gradio==4.40.0 gradio_client==1.2.0
huggingface_hub==0.26.2 transformers==4.46.1 tokenizers==0.20.3 pydantic==2.8.2
fastapi==0.104.1 starlette==0.27.0 diffusers==0.31.0 peft==0.13.2
"""
_OPENCV = "opencv-python==4.11.0.86"
_HEADLESS = "opencv-python-headless==4.11.0.86"

_NEO = """
Pillow==12.3.0 accelerate==1.14.0 av==19.0.1 diffusers==0.37.1 einops==0.8.2 fastapi==0.127.1
httpx==0.28.1 huggingface-hub==0.36.2 kornia==0.6.12 numpy==2.3.5 opencv-python==5.0.0.93
packaging==25.0 protobuf==4.25.9 psutil==7.2.2 pydantic-core==2.27.2 pydantic==2.10.6
PyYAML==6.0.3 safetensors==0.8.0 scikit-image==0.25.2 tqdm==4.70.0 transformers==4.57.6
torch==2.9.1+cu130 torchvision==0.24.1+cu130 requests==2.34.2 matplotlib==3.10.9
"""

PINS = {
    "A1111": f"{_COMMON} {_A1111} {_OPENCV}".split(),
    "Forge": f"{_COMMON} {_FORGE} {_OPENCV}".split(),
    "Forge Neo": _NEO.split(),
    "A1111 with the headless OpenCV": f"{_COMMON} {_A1111} {_HEADLESS}".split(),
    "A1111 without any OpenCV": f"{_COMMON} {_A1111}".split(),
}
"""What is installed in the environment of a host."""

MODULES = {"Pillow": "PIL", "PyYAML": "yaml", "scikit-image": "skimage"}


class Environment:
    """A virtual environment with stand-ins for the packages of a host.

    Args:
        folder: where it is made.
        pins: ``name==version`` of what is installed.
        python: the interpreter to make it with.
    """

    def __init__(self, folder: Path, pins: list[str], python: str = sys.executable) -> None:
        self.folder = folder
        subprocess.run([python, "-m", "venv", str(folder / "env")], check=True)
        scripts = "Scripts" if sys.platform == "win32" else "bin"
        self.python = folder / "env" / scripts / "python"
        wheels = [stand_in(*pin.split("=="), folder) for pin in pins]
        self.pip("install", "--no-index", "--no-deps", *map(str, wheels))
        # packaging is real, that of pip: install.py compares versions with it.
        (target,) = (folder / "env").rglob("site-packages")
        real = target / "pip" / "_vendor" / "packaging"
        shutil.copytree(real, target / "packaging", dirs_exist_ok=True)

    def pip(self, *arguments: str) -> str:
        """Runs pip in it; gives back what it printed."""
        command = [str(self.python), "-m", "pip", "--disable-pip-version-check", *arguments]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout

    def freeze(self) -> set[str]:
        """What is installed."""
        return set(self.pip("list", "--format", "freeze").split())

    def install(self, **environ: str) -> subprocess.CompletedProcess[str]:
        """Runs our install.py in it, as the host does."""
        return subprocess.run(
            [str(self.python), str(INSTALLER)],
            check=False,
            capture_output=True,
            text=True,
            env={**os.environ, **environ},
        )


def stand_in(name: str, version: str, folder: Path) -> Path:
    """A wheel of that name and version with an empty module in it."""
    module = MODULES.get(name, name.replace("-", "_"))
    if name.startswith("opencv"):
        module = "cv2"
    stem = f"{name.replace('-', '_')}-{version}"
    path = folder / f"{stem}-py3-none-any.whl"
    metadata = f"{stem}.dist-info"
    files = {
        f"{module}/__init__.py": "",
        f"{metadata}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
        f"{metadata}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = "".join(f"{file},,\n" for file in (*files, f"{metadata}/RECORD"))
    with zipfile.ZipFile(path, "w") as wheel:
        for file, text in {**files, f"{metadata}/RECORD": record}.items():
            wheel.writestr(file, text)
    return path


def main() -> int:
    """Shows what install.py changes in the environment of the host that is named."""
    pins = PINS[sys.argv[1]]
    with tempfile.TemporaryDirectory() as folder:
        environment = Environment(Path(folder), pins)
        before = environment.freeze()
        done = environment.install()
        after = environment.freeze()
    print(done.stdout, done.stderr, f"exit status {done.returncode}", sep="\n")
    print("removed or changed:", *(sorted(before - after) or ["nothing"]))
    print("added:", *sorted(after - before))
    return int(bool(before - after))


if __name__ == "__main__":
    raise SystemExit(main())
