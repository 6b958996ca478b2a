"""As much of gradio as building a page takes: components that remember what they were given."""

from __future__ import annotations

from types import ModuleType


class Component:
    """Any component or layout; also its own context."""

    def __init__(self, value=None, *positional, **given):
        self.value, self.positional = given.pop("value", value), positional
        self.label, self.elem_id = given.pop("label", None), given.pop("elem_id", None)
        self.choices, self.visible = given.pop("choices", None), given.pop("visible", True)
        self.given, self.events = given, []

    def __enter__(self):
        return self

    def __exit__(self, *problem):
        return None

    def __getattr__(self, name):
        if name.startswith("_"):
            raise AttributeError(name)

        def event(*positional, **given):
            self.events.append((name, positional, given))
            return self

        return event


class Gradio(ModuleType):
    """The module; every name that begins with a capital is a kind of component."""

    def __init__(self, version):
        super().__init__("gradio")
        self.__version__ = version
        self.made = []
        self._kinds = {}

    def __getattr__(self, name):
        if name.startswith("_"):
            raise AttributeError(name)
        if name[0].islower():
            return lambda *_, **given: given
        if name not in self._kinds:
            made = self.made

            def remembered(self, *positional, **given):
                Component.__init__(self, *positional, **given)
                made.append(self)

            self._kinds[name] = type(name, (Component,), {"__init__": remembered})
        return self._kinds[name]
