import pytest

from animeseg.errors import OptionError
from animeseg.evaluate.systems import Running, System
from animeseg.options import Options


@pytest.mark.parametrize(
    ("text", "name", "model", "refine"),
    [
        ("character-n", "character-n", "character-n", "none"),
        ("character-n+edge", "character-n + edge", "character-n", "edge"),
        ("mine=runs/a/model.safetensors+prompt", "mine", "runs/a/model.safetensors", "prompt"),
        ("runs/a/model.safetensors", "a", "runs/a/model.safetensors", "none"),
        ("old/face.pt", "face", "old/face.pt", "none"),
    ],
)
def test_a_system_is_named_and_read_from_its_text(text, name, model, refine):
    system = System.parse(text, Options(confidence=0.4))
    assert (system.name, system.options.model, system.options.refine) == (name, model, refine)
    assert system.options.confidence == 0.4
    assert system.bare == (refine == "none")


@pytest.mark.parametrize("text", ["", "name=", "character-n+sparkle"])
def test_what_is_no_system_is_refused(text):
    with pytest.raises(OptionError):
        System.parse(text, Options())


def test_a_bare_detector_answers_far_below_its_threshold(repository):
    running = Running(System.parse("character-n", Options()))
    from animeseg.images import read_image

    image = read_image(repository / "docs/pictures/demo.jpg").rgb
    result, seconds = running(image)
    assert running.confidence == pytest.approx(0.25)
    assert result.instances.scores.min() < running.confidence
    assert seconds > 0
    assert [info.role for info in running.models] == ["detector"]
