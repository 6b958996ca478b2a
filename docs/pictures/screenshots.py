"""Takes the screenshots of docs/webui.md from a running WebUI.

    python docs/pictures/screenshots.py --url http://127.0.0.1:7860 [--only tab] [--chromium FILE]

Needs Playwright and a Chromium; the WebUI needs the extension, Segment Anything weights and a
checkpoint. What is on the pictures is what the page showed: the script only uses it as a user
would. Pictures are the demo picture and what the WebUI generates.
"""

from __future__ import annotations

import argparse
import io
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.sync_api import Locator, Page, sync_playwright

HERE = Path(__file__).parent
DEMO = HERE / "demo.jpg"
FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
)  # fmt: skip
MOST_BYTES = 200_000
SLOW = 600_000
"""Milliseconds that the networks may take on a busy machine."""


class Shots:
    """One open page, and what it is photographed as.

    Attributes:
        page: of the browser.
        out: folder for the pictures.
    """

    def __init__(self, page: Page, out: Path) -> None:
        self.page = page
        self.out = out

    def panel(self) -> None:
        """The panel in txt2img, and what it made of a generation."""
        panel = "#script_txt2img_animeseg"
        self._txt2img()
        self._choose(f"{panel}_outputs", "mask", "character-masks", "overlay")
        self._generate("txt2img")
        self._save("panel", self._clip("#tab_txt2img", 1250))

    def passes(self) -> None:
        """An inpaint pass: its controls, and what it drew again."""
        first = "#script_txt2img_animeseg_pass1"
        self._txt2img()
        self._open(f"{first}_group_inpainting")
        self.page.locator(f"{first}_enabled input").check()
        self.page.fill(f"{first}_prompt textarea", "[@left] brown dress [SEP] [SKIP]")
        self._number(f"{first}_denoise", "0.9")
        self.page.wait_for_timeout(500)
        self.page.locator("#script_txt2img_animeseg_passes").scroll_into_view_if_needed()
        self._save("pass", self.page.locator("#script_txt2img_animeseg_passes"))
        self._generate("txt2img")
        self._save("pass-result", self.page.locator("#txt2img_results"))

    def img2img(self) -> None:
        """The automatic mask: everything but the characters is drawn again."""
        panel = "#script_img2img_animeseg"
        self._tab("img2img")
        self._upload("#img2img_image", DEMO)
        self.page.fill("#img2img_prompt textarea", "night")
        self._number("#img2img_steps", "8")
        self._number("#img2img_width", "768")
        self._number("#img2img_height", "512")
        self._number("#img2img_denoising_strength", "0.95")
        self._open(f"{panel}_enabled")
        self.page.locator(f"{panel}_auto_mask input").check()
        target = f"{panel}_target textarea, {panel}_target input"
        self.page.locator(target).first.fill("background")
        self._generate("img2img")
        self._save("img2img", self._clip("#tab_img2img", 1400))

    def extras(self) -> None:
        """The step in the Extras tab."""
        self._tab("Extras")
        self._upload("#extras_image", DEMO)
        self._open("#extras_animeseg_enabled")
        self._choose("#extras_animeseg_outputs", "mask")
        self.page.click("#extras_generate")
        self._finished("extras")
        self._save("extras", self._clip("#tab_extras", 900))

    def tab(self) -> None:
        """The tab: characters found, one left out, picture and mask sent to Inpaint upload."""
        self._tab("animeseg")
        self._upload("#animeseg_tab_stage", DEMO)
        self.page.wait_for_selector("#animeseg_tab_result img", timeout=SLOW)
        self._idle()
        self._save("tab", self._clip("#tab_animeseg_tab", 1150))
        self._click_on("#animeseg_tab_stage img", 0.17, 0.62)
        self._idle()
        self._choose("#animeseg_tab_view", "mask")
        self._idle()
        self._save("tab-pick", self.page.locator("#animeseg_tab_stages"))
        self.page.click("#animeseg_tab_send_inpaint")
        self.page.wait_for_selector("#img_inpaint_mask img", timeout=SLOW)
        self.page.wait_for_timeout(1500)
        self._save("send", self._clip("#tab_img2img", 1050))

    def folder(self) -> None:
        """Many pictures."""
        self._tab("animeseg")
        self._tab("Many pictures", "#animeseg_pages")
        self._save("folder", self.page.locator("#animeseg_pages"))

    def models(self) -> None:
        """The weights, their licences and sizes."""
        self._tab("animeseg")
        self._tab("Models", "#animeseg_pages")
        self._idle()
        self._save("models", self.page.locator("#animeseg_pages"))

    def settings(self) -> None:
        """The section of the settings."""
        self._tab("Settings")
        self.page.get_by_role("button", name="animeseg", exact=True).last.click()
        self.page.wait_for_timeout(1000)
        self._save("settings", self.page.locator("#settings_animeseg"))

    # What a user does.

    def _txt2img(self) -> None:
        self._tab("txt2img")
        self.page.fill("#txt2img_prompt textarea", "three girls in a meadow at sunset")
        self._number("#txt2img_steps", "8")
        self._number("#txt2img_width", "768")
        self._number("#txt2img_height", "512")
        self.page.fill("#txt2img_seed input", "0")
        self._open("#script_txt2img_animeseg_enabled")

    def _tab(self, name: str, inside: str = "#tabs") -> None:
        exact = re.compile(rf"^\s*{re.escape(name)}\s*$", re.IGNORECASE)
        self.page.locator(f"{inside} > .tab-nav button").filter(has_text=exact).first.click()
        self.page.wait_for_timeout(800)

    def _open(self, accordion: str) -> None:
        self.page.locator(f"{accordion} > .label-wrap > span").first.click()
        self.page.wait_for_timeout(800)

    def _choose(self, group: str, *names: str) -> None:
        for name in names:
            exact = re.compile(rf"^\s*{re.escape(name)}\s*$")
            label = self.page.locator(f"{group} label").filter(has_text=exact).first
            label.locator("input").click()
        self.page.wait_for_timeout(400)

    def _number(self, slider: str, value: str) -> None:
        box = self.page.locator(f"{slider} input[type=number]").first
        box.fill(value)
        box.press("Tab")

    def _upload(self, image: str, path: Path) -> None:
        self.page.locator(f"{image} input[type=file]").first.set_input_files(str(path))
        self.page.wait_for_selector(f"{image} img", timeout=SLOW)
        self.page.wait_for_timeout(1500)

    def _click_on(self, image: str, x: float, y: float) -> None:
        """Clicks at a share of the width and height of the picture shown in ``image``."""
        box = self.page.locator(image).first.evaluate(
            "e => {const b = e.getBoundingClientRect();"
            "const s = Math.min(b.width / e.naturalWidth, b.height / e.naturalHeight);"
            "return [b.left + (b.width - s * e.naturalWidth) / 2,"
            " b.top + (b.height - s * e.naturalHeight) / 2,"
            " s * e.naturalWidth, s * e.naturalHeight];}"
        )
        self.page.mouse.click(box[0] + x * box[2], box[1] + y * box[3])

    def _generate(self, tab: str) -> None:
        self.page.click(f"#{tab}_generate")
        self._finished(tab)

    def _finished(self, tab: str) -> None:
        gallery, bar = f"#{tab}_gallery img", f"#{tab}_results .progressDiv"
        self.page.wait_for_selector(gallery, timeout=SLOW)
        self.page.wait_for_function(f"() => !document.querySelector('{bar}')", timeout=SLOW)
        self.page.wait_for_timeout(2500)

    def _idle(self) -> None:
        """Waits until the page shows no work in progress."""
        self.page.wait_for_timeout(1500)
        self.page.wait_for_function(
            "() => ![...document.querySelectorAll('#tab_animeseg_tab .wrap.generating,"
            " #tab_animeseg_tab .wrap .eta-bar, #tab_animeseg_tab .progress-text')]"
            ".some(e => e.offsetParent !== null)",
            timeout=SLOW,
        )
        self.page.wait_for_timeout(1500)

    # What is kept.

    def _clip(self, element: str, height: int) -> dict[str, float]:
        self.page.evaluate("() => window.scrollTo(0, 0)")
        box = self.page.locator(element).first.bounding_box() or {}
        top = max(0.0, box.get("y", 0.0) - 75)
        width = float((self.page.viewport_size or {"width": 1400})["width"])
        return {"x": 0.0, "y": top, "width": width, "height": float(height)}

    def _save(self, name: str, what: Locator | dict[str, float]) -> None:
        is_area = isinstance(what, dict)
        png = self.page.screenshot(clip=what) if is_area else what.screenshot()
        path = self.out / f"webui-{name}.webp"
        path.write_bytes(_webp(png))
        print(f"{path.name}: {path.stat().st_size // 1000} kB")  # noqa: T201


def _webp(png: bytes) -> bytes:
    """The picture as WebP, as good as fits."""
    image = Image.open(io.BytesIO(png)).convert("RGB")
    for quality in (90, 80, 70, 60, 50):
        stream = io.BytesIO()
        image.save(stream, "WEBP", quality=quality, method=6)
        if stream.tell() < MOST_BYTES:
            break
    return stream.getvalue()


@contextmanager
def opened(url: str, chromium: str) -> Iterator[Page]:
    """The page, loaded; requests to anywhere else are refused."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium or None, args=list(FLAGS))
        context = browser.new_context(viewport={"width": 1400, "height": 1500})
        base = url.rstrip("/")

        def only_ours(route: Any) -> None:
            known = route.request.url.startswith((base, "data:", "blob:"))
            route.continue_() if known else route.abort()

        context.route("**/*", only_ours)
        page = context.new_page()
        page.goto(f"{base}/?__theme=light", wait_until="domcontentloaded", timeout=SLOW)
        page.wait_for_selector("#txt2img_generate", timeout=SLOW)
        page.wait_for_timeout(4000)
        try:
            yield page
        finally:
            browser.close()


SHOTS: dict[str, Callable[[Shots], None]] = {
    "panel": Shots.panel,
    "passes": Shots.passes,
    "img2img": Shots.img2img,
    "extras": Shots.extras,
    "tab": Shots.tab,
    "folder": Shots.folder,
    "models": Shots.models,
    "settings": Shots.settings,
}


def main(arguments: list[str] | None = None) -> int:
    """Takes the screenshots; returns the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--url", default="http://127.0.0.1:7860")
    parser.add_argument("--out", type=Path, default=HERE)
    parser.add_argument("--only", nargs="*", default=list(SHOTS), choices=list(SHOTS))
    parser.add_argument("--chromium", default="", help="program; default: Playwright's own")
    args = parser.parse_args(arguments)
    args.out.mkdir(parents=True, exist_ok=True)
    for name in args.only:
        with opened(args.url, args.chromium) as page:
            SHOTS[name](Shots(page, args.out))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
