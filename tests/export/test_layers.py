"""Layered files: structure, places, and that together they give the picture back."""

from __future__ import annotations

import io
import sys
import zipfile
from xml.etree import ElementTree

import numpy as np
import pytest
from PIL import Image

from animeseg.errors import MissingDependencyError
from animeseg.export.layers import encode_layers, flattened, layers_of
from animeseg.instances import Instances, Segmentation
from animeseg.options import Options


@pytest.fixture
def image(rng):
    return rng.integers(1, 256, (40, 60, 3), np.uint8)


@pytest.fixture
def result():
    masks = np.zeros((2, 40, 60), np.bool_)
    masks[0, 5:30, 0:20] = True
    masks[1, 10:40, 30:50] = True
    return Segmentation((40, 60), Instances.from_masks(masks), Options(cutout_feather=0.0))


def opened(data, name):
    with zipfile.ZipFile(io.BytesIO(data)) as archive, archive.open(name) as file:
        return np.asarray(Image.open(file).convert("RGBA"))


def test_layers_put_together_give_the_picture_back(image, result):
    joined = flattened(list(layers_of(image, result)), result.size)
    np.testing.assert_array_equal(joined[:, :, :3], image)
    assert (joined[:, :, 3] == 255).all()


def test_given_alpha_stays_in_every_layer(image, result, rng):
    given = np.where(rng.random((40, 60)) < 0.5, 255, 0).astype(np.uint8)
    held = Segmentation(result.size, result.instances, result.options, alpha=given)
    joined = flattened(list(layers_of(image, held)), held.size)
    np.testing.assert_array_equal(joined[:, :, 3], given)
    seen = given > 0
    np.testing.assert_array_equal(joined[seen, :3], image[seen])


def test_an_openraster_file_is_as_the_specification_wants_it(image, result):
    data = encode_layers(image, result, "ora")
    assert data[30:54] == b"mimetypeimage/openraster"  # the first entry, stored
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        names = archive.namelist()
        root = ElementTree.fromstring(archive.read("stack.xml"))
        assert archive.testzip() is None
    assert {"mimetype", "stack.xml", "mergedimage.png", "Thumbnails/thumbnail.png"} < set(names)
    assert (root.tag, root.attrib) == ("image", {"version": "0.0.3", "w": "60", "h": "40"})
    layers = root.findall("stack/layer")
    assert [(layer.get("name"), layer.get("visibility")) for layer in layers] == [
        ("character 1", "visible"),
        ("character 2", "visible"),
        ("background", "visible"),
        ("picture", "hidden"),
    ]
    assert [(layer.get("x"), layer.get("y")) for layer in layers[:2]] == [("0", "5"), ("30", "10")]
    assert all(layer.get("src") in names for layer in layers)
    np.testing.assert_array_equal(opened(data, "mergedimage.png")[:, :, :3], image)
    np.testing.assert_array_equal(opened(data, layers[3].get("src"))[:, :, :3], image)


def test_thumbnails_are_at_most_256_pixels(rng):
    image = rng.integers(0, 256, (300, 700, 3), np.uint8)
    nobody = Segmentation((300, 700), Instances.empty((300, 700)), Options())
    data = encode_layers(image, nobody, "ora")
    assert opened(data, "Thumbnails/thumbnail.png").shape == (110, 256, 4)


def test_the_same_result_gives_the_same_bytes(image, result):
    assert encode_layers(image, result, "ora") == encode_layers(image, result, "ora")


def test_a_psd_file_has_the_layers_in_their_places(image, result):
    psd_tools = pytest.importorskip("psd_tools", reason="psd-tools is not installed here")
    if not hasattr(psd_tools.PSDImage, "create_pixel_layer"):
        pytest.skip("this psd-tools cannot write layers")
    document = psd_tools.PSDImage.open(io.BytesIO(encode_layers(image, result, "psd")))
    assert document.size == (60, 40)
    assert [(one.name, one.visible, one.bbox) for one in document] == [
        ("picture", False, (0, 0, 60, 40)),
        ("background", True, (0, 0, 60, 40)),
        ("character 2", True, (30, 10, 50, 40)),
        ("character 1", True, (0, 5, 20, 30)),
    ]
    kept = np.asarray(document[3].topil())
    np.testing.assert_array_equal(kept[:, :, :3], image[5:30, 0:20])


def test_without_psd_tools_the_error_names_the_other_format(image, result, monkeypatch):
    monkeypatch.setitem(sys.modules, "psd_tools", None)
    with pytest.raises(MissingDependencyError, match="format ora"):
        encode_layers(image, result, "psd")
