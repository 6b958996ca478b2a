from __future__ import annotations

import threading

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from animeseg.errors import BadWeightsError, OptionError  # noqa: E402
from animeseg.instances import ModelInfo  # noqa: E402
from animeseg.refine import sam as sam_module  # noqa: E402
from animeseg.refine._hq import HqNetwork  # noqa: E402
from animeseg.refine._network import Prompt, SamNetwork, load_strictly  # noqa: E402
from animeseg.refine._sam2 import Sam2Network  # noqa: E402
from animeseg.refine._square import CELLS, MASK_LOGIT  # noqa: E402
from animeseg.refine.sam import KINDS, Sam, guess_kind, load_sam  # noqa: E402

INFO = ModelInfo("refiner", "test", "0" * 64)
SIZES = [(1024, 1024), (576, 1024), (1000, 640), (300, 420), (77, 513), (1600, 90), (8, 8)]


class StubNetwork:
    """Features are the input's mean; every prompt gets logits made of its own numbers."""

    stretch = False

    def __init__(self, stretch=False, overflow=False):
        self.stretch = stretch
        self.overflow = overflow
        self.encoder = torch.nn.Linear(1, 1)
        self.module = torch.nn.ModuleDict({"encoder": self.encoder})
        self.seen: list[Prompt] = []
        self.pixels = None

    def encode(self, pixels):
        self.pixels = pixels
        features = pixels.mean(dim=1, keepdim=True)
        if self.overflow and pixels.dtype == torch.float16:
            features = features * float("inf")
        return (features,)

    def decode(self, features, prompt):
        self.seen.append(prompt)
        boxes = prompt.boxes
        candidates = 3 if prompt.multimask else 1
        logits = boxes.sum(dim=1).view(-1, 1, 1, 1).expand(-1, candidates, CELLS, CELLS)
        return logits, boxes[:, :1].expand(-1, candidates)


def stub(**options) -> Sam:
    return Sam(StubNetwork(**options), INFO, torch.device("cpu"))


def picture(rng, height=30, width=50):
    return rng.integers(0, 256, (height, width, 3), dtype=np.uint8)


def random_state(module, seed=0):
    """The module's own keys with values that are neither neutral nor wild."""
    generator = torch.Generator().manual_seed(seed)
    state = {}
    for key, value in module.state_dict().items():
        if key.endswith("running_var"):
            state[key] = torch.ones(value.shape)
        elif value.is_floating_point():
            state[key] = 0.05 * torch.randn(value.shape, generator=generator)
        else:
            state[key] = torch.zeros(value.shape, dtype=value.dtype)
    return state


def state_of(kind, monkeypatch):
    """A state dict of architecture ``kind``, taken from the network that loads it."""
    taken = {}
    for module in ("_network", "_hq", "_sam2"):
        monkeypatch.setattr(
            f"animeseg.refine.{module}.load_strictly",
            lambda network, _state, _kind: taken.update(random_state(network)),
        )
    build = {"h": HqNetwork, "s": Sam2Network}.get(kind[0], SamNetwork)
    build(kind, {})
    monkeypatch.undo()
    return taken


# ------------------------------------------------------------------------------- embeddings


def test_the_encoder_runs_once_for_a_picture_and_again_for_another(rng):
    sam = stub()
    image = picture(rng)
    first = sam.embed(image)
    assert sam.embed(image.copy()) is first
    assert sam.encoder_calls == 1
    image[0, 0, 0] ^= 1
    assert sam.embed(image).key != first.key
    assert sam.encoder_calls == 2


def test_pictures_with_the_same_bytes_and_another_shape_are_told_apart(rng):
    sam = stub()
    image = picture(rng, 20, 30)
    assert sam.embed(image).image_size == (20, 30)
    assert sam.embed(image.reshape(30, 20, 3)).image_size == (30, 20)


def test_only_a_few_pictures_are_kept_and_the_latest_used_survive(rng):
    sam = stub()
    images = [picture(rng) for _ in range(sam_module._KEPT_PICTURES + 1)]
    for image in images[:-1]:
        sam.embed(image)
    sam.embed(images[0])
    sam.embed(images[-1])
    calls = sam.encoder_calls
    sam.embed(images[0])
    assert sam.encoder_calls == calls
    sam.embed(images[1])
    assert sam.encoder_calls == calls + 1


def test_kept_embeddings_stay_within_their_memory_but_the_last_is_always_kept(rng, monkeypatch):
    monkeypatch.setattr(sam_module, "_KEPT_BYTES", 1)
    sam = stub()
    image = picture(rng)
    sam.embed(picture(rng))
    sam.embed(image)
    sam.embed(image)
    assert sam.encoder_calls == 2
    assert len(sam._kept) == 1


def test_clear_forgets_the_embeddings(rng):
    sam = stub()
    image = picture(rng)
    sam.embed(image)
    sam.clear()
    sam.embed(image)
    assert sam.encoder_calls == 2


def test_many_threads_embed_one_picture_once(rng):
    sam = stub()
    image = picture(rng)
    threads = [threading.Thread(target=sam.embed, args=(image,)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sam.encoder_calls == 1


@pytest.mark.parametrize("size", SIZES)
def test_the_picture_lies_top_left_and_padding_is_zero_after_normalisation(rng, size):
    sam = stub()
    embedding = sam.embed(picture(rng, *size) // 2 + 120)
    height, width = embedding.input_size
    assert max(height, width) == 1024
    pixels = sam.network.pixels
    assert pixels.shape == (1, 3, 1024, 1024)
    assert not pixels[..., height:, :].any()
    assert not pixels[..., width:].any()
    assert pixels[..., :height, :width].abs().mean() > 0.05


def test_stretching_networks_fill_the_square(rng):
    sam = stub(stretch=True)
    assert sam.embed(picture(rng, 30, 50)).input_size == (1024, 1024)


def test_an_encoder_that_overflows_in_half_precision_falls_back_to_full(rng):
    sam = Sam(StubNetwork(overflow=True), INFO, torch.device("cpu"), half=True)
    assert sam.embed(picture(rng)).features[0].isfinite().all()
    assert sam.encoder_calls == 2
    sam.embed(picture(rng))
    assert sam.encoder_calls == 3


# ---------------------------------------------------------------------------------- prompts


@pytest.mark.parametrize("stretch", [False, True])
def test_prompts_reach_the_network_in_its_own_coordinates(rng, stretch):
    sam = stub(stretch=stretch)
    embedding = sam.embed(picture(rng, 512, 256))
    sam.decode(
        embedding,
        boxes=np.array([[0, 0, 256, 512]], np.float32),
        points=np.array([[[128, 256], [0, 0]]], np.float32),
        point_labels=np.array([[1, -1]]),
    )
    prompt = sam.network.seen[0]
    width = 1024 if stretch else 512
    assert prompt.boxes.tolist() == [[0, 0, width, 1024]]
    assert prompt.points.tolist() == [[[width / 2, 512], [0, 0]]]
    assert prompt.labels.tolist() == [[1, -1]]


def test_large_batches_are_split_and_come_back_in_order(rng):
    sam = stub()
    embedding = sam.embed(picture(rng, 1024, 1024))
    boxes = np.zeros((2 * sam_module.PROMPTS_AT_ONCE + 3, 4), np.float32)
    boxes[:, 0] = np.arange(len(boxes))
    decoded = sam.decode(embedding, boxes=boxes)
    assert decoded.iou[:, 0].tolist() == list(range(len(boxes)))
    assert decoded.logits.shape == (len(boxes), 3, CELLS, CELLS)
    assert sam.decoder_calls == 3


def test_no_prompts_give_no_answers(rng):
    sam = stub()
    decoded = sam.decode(sam.embed(picture(rng)), boxes=np.zeros((0, 4), np.float32))
    assert len(decoded.logits) == len(decoded.iou) == 0


@pytest.mark.parametrize(
    "parts",
    [
        {},
        {"points": np.zeros((1, 1, 2), np.float32)},
        {"boxes": np.zeros((2, 4), np.float32), "mask_logits": np.zeros((1, 256, 256), np.float32)},
    ],
)
def test_prompts_that_do_not_agree_are_refused(rng, parts):
    sam = stub()
    with pytest.raises(ValueError, match="one length"):
        sam.decode(sam.embed(picture(rng)), **parts)


# ------------------------------------------------------------------------ masks in and out


def border_masks(height, width):
    """Masks that touch each side, a corner, the whole frame, and one that touches nothing."""
    rows, columns = np.mgrid[:height, :width]
    masks = [rows < height / 3, rows >= 2 * height / 3, columns < width / 3]
    masks += [columns >= 2 * width / 3, (rows > height / 2) & (columns > width / 2)]
    masks += [np.ones((height, width), bool)]
    masks += [np.hypot((rows / height) - 0.5, (columns / width) - 0.5) < 0.3]
    return np.stack(masks)


@pytest.mark.parametrize("stretch", [False, True])
@pytest.mark.parametrize("size", SIZES)
def test_masks_at_the_border_survive_shrinking_and_scaling_back(rng, size, stretch):
    sam = stub(stretch=stretch)
    embedding = sam.embed(picture(rng, *size))
    masks = border_masks(*size)
    logits = torch.from_numpy(sam.shrink(embedding, masks))[:, None]
    back = sam.upscale(embedding, logits)[:, 0].numpy() > 0
    assert back.shape == masks.shape
    # The grid's cell in pixels: no edge may move by more than one of them.
    cell = max(s / i * 4 for s, i in zip(size, embedding.input_size, strict=True))
    for mask, again in zip(masks, back, strict=True):
        wrong = mask != again
        perimeter = 2 * sum(size)
        assert wrong.sum() <= perimeter * max(1.0, cell) / 2
        for side in (np.s_[0], np.s_[-1], np.s_[:, 0], np.s_[:, -1]):
            assert wrong[side].sum() <= 2 * max(1.0, cell)


@pytest.mark.parametrize("size", [(576, 1024), (683, 1024), (1000, 640), (77, 513), (300, 420)])
def test_scaling_up_equals_exact_bilinear_sampling_without_the_padding(rng, size):
    sam = stub()
    embedding = sam.embed(picture(rng, *size))
    logits = torch.from_numpy(rng.standard_normal((1, 1, CELLS, CELLS)).astype(np.float32))
    ours = sam.upscale(embedding, logits)
    height, width = embedding.input_size
    cells = [-(-side // 4) for side in (height, width)]
    y = ((torch.arange(size[0]) + 0.5) * height / size[0] / 4) / cells[0] * 2 - 1
    x = ((torch.arange(size[1]) + 0.5) * width / size[1] / 4) / cells[1] * 2 - 1
    grid = torch.stack(torch.meshgrid(y, x, indexing="ij")[::-1], dim=-1)[None]
    inside = logits[..., : cells[0], : cells[1]]
    theirs = torch.nn.functional.grid_sample(
        inside, grid.float(), padding_mode="border", align_corners=False
    )
    assert torch.allclose(ours, theirs, atol=1e-3)


def test_padding_never_leaks_into_the_mask(rng):
    sam = stub()
    embedding = sam.embed(picture(rng, 576, 1024))
    logits = torch.full((1, 1, CELLS, CELLS), 5.0)
    logits[..., 144:, :] = -1e6
    assert (sam.upscale(embedding, logits) > 0).all()


def test_shrunk_masks_are_outside_in_the_padding_and_graded_at_the_edge(rng):
    sam = stub()
    embedding = sam.embed(picture(rng, 512, 1024))
    mask = np.zeros((1, 512, 1024), bool)
    mask[0, :, :514] = True
    logits = sam.shrink(embedding, mask)
    assert logits.shape == (1, CELLS, CELLS)
    assert (logits[0, 128:] == -MASK_LOGIT).all()
    assert (logits[0, :128, :128] == MASK_LOGIT).all()
    assert np.allclose(logits[0, :128, 128], 0)


# ---------------------------------------------------------------------------------- weights


def test_every_wrong_key_and_shape_is_named():
    module = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.Linear(3, 1))
    state = dict(module.state_dict())
    state["2.extra"] = state.pop("0.bias")
    state["1.weight"] = torch.zeros(2, 2)
    with pytest.raises(BadWeightsError) as caught:
        load_strictly(module, state, "vit_b")
    text = str(caught.value)
    for part in ("vit_b", "missing", "0.bias", "unexpected", "2.extra", "1.weight", "(2, 2)"):
        assert part in text


def test_long_lists_of_wrong_keys_are_cut_short():
    state = {f"key{number}": torch.zeros(1) for number in range(1000)}
    with pytest.raises(BadWeightsError) as caught:
        load_strictly(torch.nn.Linear(1, 1), state, "vit_b")
    assert "1000 unexpected" in str(caught.value)
    assert len(str(caught.value)) < 400


def test_an_unknown_kind_names_the_known_ones():
    with pytest.raises(OptionError, match="mobile"):
        load_sam("vit_x", {}, INFO)


def test_weights_of_no_known_architecture_are_refused():
    with pytest.raises(BadWeightsError, match="vit_b"):
        guess_kind({"model.0.conv.weight": torch.zeros(16, 3, 3, 3)})


@pytest.mark.parametrize("kind", ["mobile", "hq_mobile", "sam2.1_tiny"])
def test_random_weights_load_strictly_and_answer(kind, rng, monkeypatch):
    state = state_of(kind, monkeypatch)
    assert guess_kind(state) == kind
    sam = load_sam(kind, state, INFO)
    embedding = sam.embed(picture(rng, 60, 90))
    decoded = sam.decode(
        embedding,
        boxes=np.array([[5, 5, 80, 50], [0, 0, 30, 60]], np.float32),
        points=np.array([[[40, 30], [2, 2]], [[10, 30], [0, 0]]], np.float32),
        point_labels=np.array([[1, 0], [1, -1]]),
        mask_logits=np.zeros((2, CELLS, CELLS), np.float32),
    )
    assert decoded.logits.shape == (2, 1 if kind.startswith("hq") else 3, CELLS, CELLS)
    assert decoded.iou.shape == decoded.logits.shape[:2]
    assert decoded.logits.isfinite().all()
    assert decoded.logits.std() > 0
    damaged = {key: value for key, value in state.items() if "mask_tokens" not in key}
    with pytest.raises(BadWeightsError, match="mask_tokens"):
        load_sam(kind, damaged, INFO)


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_every_architecture_is_recognised_and_loads_its_own_keys_only(kind, monkeypatch):
    if kind.endswith(("vit_l", "vit_h", "large")):
        pytest.skip("the same code as its smaller siblings, and too large for a test")
    state = state_of(kind, monkeypatch)
    assert guess_kind(state) == kind
    load_sam(kind, state, INFO)
    with pytest.raises(BadWeightsError, match="unexpected"):
        load_sam(kind, {**state, "mask_decoder.other": torch.zeros(1)}, INFO)


@pytest.mark.slow
def test_hq_answers_equal_those_of_its_own_package(rng, monkeypatch):
    try:
        from segment_anything_hq import SamPredictor, sam_model_registry
    except ImportError as error:
        pytest.skip(f"segment_anything_hq cannot be imported: {error}")
    theirs = sam_model_registry["vit_b"](None).eval()
    state = random_state(theirs)
    theirs.load_state_dict(state)
    sam = load_sam("hq_vit_b", state, INFO)
    image = picture(rng, 60, 90)
    predictor = SamPredictor(theirs)
    predictor.set_image(image)
    box = np.array([5, 5, 80, 50], np.float32)
    for multimask in (True, False):
        _, iou, logits = predictor.predict(box=box, multimask_output=multimask)
        decoded = sam.decode(sam.embed(image), boxes=box[None], multimask=multimask)
        assert np.allclose(decoded.logits[0], logits, atol=1e-4)
        assert np.allclose(decoded.iou[0], iou, atol=1e-4)


# -------------------------------------------------------------------------- real MobileSAM


@pytest.fixture(scope="module")
def mobile(request):
    shared = request.getfixturevalue("shared")
    path = shared / "weights" / "mobile_sam.pt"
    state = torch.load(path, map_location="cpu", weights_only=True)
    return load_sam("mobile", state, INFO)


def scene(height=360, width=640):
    """A bright disc and a square that touches the right border, on a dark gradient."""
    rows, columns = np.mgrid[:height, :width]
    image = np.stack([30 + columns // 20, 40 + rows // 16, 60 + 0 * rows], axis=-1).astype(np.uint8)
    disc = np.hypot(rows - 150, columns - 200) < 90
    square = (rows > 180) & (rows < 330) & (columns > 500)
    image[disc] = (230, 90, 60)
    image[square] = (80, 200, 220)
    return image, np.stack([disc, square])


@pytest.mark.shared
@pytest.mark.slow
def test_mobile_sam_equals_the_reference_predictor(mobile):
    from segment_anything import SamPredictor

    image, _ = scene()
    predictor = SamPredictor(mobile.network.module)
    predictor.set_image(image)
    point, box = np.array([[200, 150]], np.float32), np.array([105, 55, 295, 245], np.float32)
    masks, iou, logits = predictor.predict(point, np.array([1]), box)
    decoded = mobile.decode(
        mobile.embed(image),
        points=point[None],
        point_labels=np.array([[1]]),
        boxes=box[None],
    )
    assert np.allclose(decoded.logits[0], logits, atol=1e-3)
    assert np.allclose(decoded.iou[0], iou, atol=1e-4)
    ours = mobile.upscale(mobile.embed(image), decoded.logits)[0].numpy() > 0
    assert (ours != masks).mean() < 1e-3


@pytest.mark.shared
@pytest.mark.slow
def test_mobile_sam_finds_what_a_box_shows_up_to_the_border(mobile):
    image, masks = scene()
    boxes = np.array([[105, 55, 295, 245], [500, 180, 640, 330]], np.float32)
    embedding = mobile.embed(image)
    calls = mobile.encoder_calls
    decoded = mobile.decode(embedding, boxes=boxes)
    one_by_one = [mobile.decode(mobile.embed(image), boxes=box[None]) for box in boxes]
    assert mobile.encoder_calls == calls
    for row, single in enumerate(one_by_one):
        assert torch.allclose(decoded.logits[row], single.logits[0], atol=1e-3)
    found = mobile.upscale(embedding, decoded.logits).numpy() > 0
    for mask, candidates in zip(masks, found, strict=True):
        best = max((mask & other).sum() / (mask | other).sum() for other in candidates)
        assert best > 0.95
