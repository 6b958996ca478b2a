"""Stand-ins for the modules of three hosts, held to `signatures`; they load our real scripts.

As the hosts do, the runner reports what a hook raises and goes on, and the Extras runner does not.
"""

from __future__ import annotations

import inspect
import runpy
import sys
import threading
from pathlib import Path
from types import ModuleType, SimpleNamespace

from gradio_standin import Component, Gradio
from PIL import Image
from signatures import A1111, A1111_16, FORGE

SCRIPTS = Path(__file__).resolve().parents[2] / "scripts"


class Script:
    infotext_fields = paste_field_names = None
    alwayson = False

    def title(self):
        raise NotImplementedError

    def show(self, is_img2img):
        return True

    def ui(self, is_img2img):
        pass

    def before_process(self, p, *args):
        pass

    def process(self, p, *args):
        pass

    def postprocess_image(self, p, pp, *args):
        pass

    def postprocess_image_after_composite(self, p, pp, *args):
        pass

    def postprocess(self, p, processed, *args):
        pass


class EarlyScript:
    """Before 1.8 there was no hook after the paste-back."""

    infotext_fields = paste_field_names = None
    alwayson = False
    title, show, ui = Script.title, Script.show, Script.ui
    before_process, process = Script.before_process, Script.process
    postprocess_image, postprocess = Script.postprocess_image, Script.postprocess


class PostprocessImageArgs:
    def __init__(self, image):
        self.image = image


class IndexedPostprocessImageArgs(PostprocessImageArgs):
    def __init__(self, image, index):
        super().__init__(image)
        self.index = index


class ScriptPostprocessing:
    name = None
    order = 1000

    def ui(self):
        pass

    def process(self, pp, **args):
        pass


class EarlyPostprocessedImage:
    def __init__(self, image):
        self.image, self.info = image, {}


class PostprocessedImage(EarlyPostprocessedImage):
    def __init__(self, image):
        super().__init__(image)
        self.extra_images, self.nametags, self.disable_processing = [], [], False

    def create_copy(self, new_image, *, nametags=None, disable_processing=False):
        copy = PostprocessedImage(new_image)
        copy.info, copy.nametags = dict(self.info), [*self.nametags, *(nametags or [])]
        copy.disable_processing = disable_processing
        return copy


class OptionInfo:
    def __init__(
        self, default=None, label="", component=None, component_args=None, onchange=None,
        section=None, refresh=None, comment_before="", comment_after="", infotext=None,
        restrict_api=False, category_id=None,
    ):  # fmt: skip
        self.default, self.label, self.component = default, label, component
        self.component_args, self.section, self.restrict_api = component_args, section, restrict_api
        self.comment_after = comment_after

    def info(self, text):
        self.comment_after += text
        return self

    def needs_reload_ui(self):
        return self


class EarlyOptionInfo(OptionInfo):
    def __init__(
        self, default=None, label="", component=None, component_args=None, onchange=None,
        section=None, refresh=None, comment_before="", comment_after="", infotext=None,
    ):  # fmt: skip
        super().__init__(default, label, component, component_args, section=section)


class State:
    skipped = interrupted = False
    job, job_no, job_count, textinfo = "", 0, 0, None

    def begin(self, job="(unknown)"):
        self.job, self.job_count, self.job_no = job, -1, 0

    def end(self):
        self.job, self.job_count = "", 0


class LateState(State):
    stopping_generation = False


class Options:
    def __init__(self):
        self.data, self.data_labels = {}, {}

    def add_option(self, key, info):
        self.data_labels[key] = info
        self.data.setdefault(key, info.default)


class Host:
    """One host in this process.

    Attributes:
        errors: what hooks and callbacks raised, as (where, error).
        saved: pictures given to the host for saving, as (suffix, picture).
        gradio: the stand-in for gradio.
    """

    def __init__(self, flavour, monkeypatch, out):
        self.flavour, self.out = flavour, Path(out)
        self.errors, self.saved, self.freed, self.callbacks = [], [], [], {}
        self.early, self.forge = flavour == A1111_16, flavour == FORGE
        self.gradio = Gradio("4.40.0" if self.forge else "3.41.2")
        monkeypatch.setitem(sys.modules, "gradio", self.gradio)
        for name in [name for name in sys.modules if name.split(".")[0] == "modules"]:
            monkeypatch.delitem(sys.modules, name)
        package = ModuleType("modules")
        package.__path__ = []
        monkeypatch.setitem(sys.modules, "modules", package)
        for name, module in self._modules().items():
            setattr(package, name, module)
            monkeypatch.setitem(sys.modules, f"modules.{name}", module)
        for name, module in self._of_forge().items():
            monkeypatch.setitem(sys.modules, name, module)
        self.tabs, self.steps, self.classes = [], [], []

    def __getattr__(self, name):
        return sys.modules[f"modules.{name}"]

    # ------------------------------------------------------------------ what the host does
    def load(self):
        """Runs our scripts and keeps one instance a tab of every class they hold."""
        self.callbacks.clear()
        self.tabs, self.steps, self.classes = [], [], []
        for path in sorted(SCRIPTS.glob("animeseg_*.py")):
            for value in runpy.run_path(str(path)).values():
                if inspect.isclass(value) and issubclass(value, self.script_class):
                    self.classes.append(value)
                    self.tabs += [value() for _ in range(2)]
                elif inspect.isclass(value) and issubclass(value, ScriptPostprocessing):
                    self.classes.append(value)
                    self.steps.append(value())
        return self

    def build(self):
        """Builds the page as often as the host does: once, and twice for the API."""
        return [[script.ui(bool(tab)) for tab, script in enumerate(self.tabs)] for _ in range(3)]

    def call(self, event, *given):
        """Calls what is registered for an event, reporting what it raises."""
        return [self._hook(callback, *given) for callback in self.callbacks.get(event, [])]

    def generate(self, args, *, batch=2, batches=1, tab=0, picture=None):
        """One job: every hook in the order observed, and what comes out of it."""
        script = self.tabs[tab]
        p = self.job(batch, batches, args)
        self._hook(script.before_process, p, *args)
        self._hook(script.process, p, *args)
        images = []
        for p.iteration in range(batches):
            for p.batch_index in range(batch):
                image = picture or Image.new("RGB", (96, 64), (10 * len(images), 120, 200))
                for hook in ("postprocess_image", "postprocess_image_after_composite"):
                    if self.early and hook.endswith("composite"):
                        continue
                    index = p.batch_index + p.iteration * batch
                    more = (index,) if self.forge else ()
                    pp = self.image_args(image, *more)
                    self._hook(getattr(script, hook), p, pp, *args)
                    image = pp.image
                images.append(image)
        texts = [f"Steps: 1, number {number}" for number in range(len(images))]
        processed = SimpleNamespace(
            images=images, infotexts=texts, index_of_first_image=0, comments="".join(p.comments)
        )
        self._hook(script.postprocess, p, processed, *args)
        return p, processed

    def extras(self, pp, **args):
        """The Extras tab; what a step raises ends the run, as in the host."""
        for step in self.steps:
            step.process(pp, **args)
        return pp

    def job(self, batch, batches, args):
        runner = SimpleNamespace(postprocess_image=None)
        if not self.early:
            runner.postprocess_image_after_composite = None
        comments = []
        count = batch * batches
        return SimpleNamespace(
            extra_generation_params={}, batch_size=batch, n_iter=batches, batch_index=0,
            iteration=0, outpath_samples=str(self.out), scripts=runner, script_args=args,
            comments=comments, comment=comments.append, all_prompts=["a prompt"] * count,
            all_seeds=list(range(count)), all_subseeds=[0] * count, width=96, height=64,
        )  # fmt: skip

    def _hook(self, hook, *given):
        try:
            return hook(*given)
        except Exception as error:
            self.errors.append((hook.__name__, error))

    # ------------------------------------------------------------------ what the host is made of
    @property
    def script_class(self):
        return EarlyScript if self.early else Script

    @property
    def image_args(self):
        return IndexedPostprocessImageArgs if self.forge else PostprocessImageArgs

    def picture(self, image):
        return (EarlyPostprocessedImage if self.early else PostprocessedImage)(image)

    def _modules(self):
        shared = ModuleType("modules.shared")
        shared.state = State() if self.early else LateState()
        shared.opts = Options()
        shared.cmd_opts = SimpleNamespace(use_cpu=[], lowvram=False, medvram=False, api=True)
        shared.OptionInfo = EarlyOptionInfo if self.early else OptionInfo
        made = {
            "shared": shared,
            "scripts": _module(
                Script=self.script_class,
                AlwaysVisible=object(),
                PostprocessImageArgs=self.image_args,
                scripts_data=[],
            ),
            "scripts_postprocessing": _module(
                ScriptPostprocessing=ScriptPostprocessing,
                PostprocessedImage=EarlyPostprocessedImage if self.early else PostprocessedImage,
            ),
            "script_callbacks": self._callbacks(),
            "call_queue": _module(queue_lock=threading.Lock()),
            "paths": _module(models_path=str(self.out / "models")),
            "devices": _module(get_device_for=lambda task: "cpu", torch_gc=lambda: None),
            "images": self._images(),
            "processing": self._processing(),
            "ui_components": self._ui_components(),
            "ui_common": _module(
                create_refresh_button=lambda component, refresh, arguments, elem_id: None
            ),
            "generation_parameters_copypaste": self._pasting(),
        }
        if not self.early:
            made["infotext_utils"] = made["generation_parameters_copypaste"]
        if self.forge:
            made["stealth_infotext"] = _module(add_stealth_pnginfo=lambda params: None)
        return made

    def _of_forge(self):
        if not self.forge:
            return {}
        package, backend = ModuleType("modules_forge"), ModuleType("backend")
        package.__path__, backend.__path__ = [], []
        return {
            "modules_forge": package,
            "modules_forge.forge_version": _module(version="f2.0.1v1.10.1"),
            "backend": backend,
            "backend.memory_management": _module(
                free_memory=lambda memory_required, device: self.freed.append(memory_required),
                get_torch_device=lambda: "cpu",
                vram_state=SimpleNamespace(name="NORMAL_VRAM"),
            ),
        }

    def _callbacks(self):
        def registrar(event):
            if self.early:
                return lambda callback: self.callbacks.setdefault(event, []).append(callback)
            return lambda callback, *, name=None: self.callbacks.setdefault(event, []).append(
                callback
            )

        events = (
            "ui_settings ui_tabs app_started before_ui before_image_saved script_unloaded "
            "infotext_pasted"
        )
        return _module(**{f"on_{event}": registrar(event) for event in events.split()})

    def _images(self):
        def save_image(
            image, path, basename, seed=None, prompt=None, extension="png", info=None,
            short_filename=False, no_prompt=False, grid=False, pnginfo_section_name="parameters",
            p=None, existing_info=None, forced_filename=None, suffix="", save_to_dirs=None,
        ):  # fmt: skip
            self.saved.append((suffix, image))
            return str(Path(path) / f"{seed}{suffix}.{extension}"), None

        return _module(
            save_image=save_image,
            FilenameGenerator=lambda p, seed, prompt, image: SimpleNamespace(
                apply=lambda pattern: pattern.replace("[seed]", str(seed))
            ),
            get_next_sequence_number=lambda path, basename: 0,
        )

    def _processing(self):
        def create_infotext(
            p, all_prompts, all_seeds, all_subseeds, comments=None, iteration=0,
            position_in_batch=0, use_main_prompt=False, index=None, all_negative_prompts=None,
        ):  # fmt: skip
            return f"{all_prompts[index]}, number {index}"

        return _module(create_infotext=create_infotext)

    def _ui_components(self):
        gradio = self.gradio

        class InputAccordion(gradio.Checkbox):
            pass

        accordion = InputAccordion
        if self.forge:
            accordion = lambda value=None, **given: InputAccordion(value, **given)  # noqa: E731
        return _module(InputAccordion=accordion, ToolButton=gradio.Button, FormRow=gradio.Row)

    def _pasting(self):
        return _module(
            register_paste_params_button=lambda binding: None,
            ParamBinding=lambda **given: SimpleNamespace(**given),
            quote=str,
        )


def _module(**names):
    module = ModuleType("standin")
    module.__dict__.update(names)
    return module


__all__ = ["A1111", "A1111_16", "FORGE", "Component", "Host"]
