"""The published vote against a reference in plain loops, written from its description."""

import cv2
import numpy as np
import pytest
import torch

from animeseg.errors import OptionError
from animeseg.instances import Instances, ModelInfo
from animeseg.refine.vote import VoteRefiner, VoteSettings
from animeseg.refine.vote_report import (
    generate_proposals,
    scaled_down,
    shared_out,
    stretched_with_padding,
    summed_at_network_size,
    truncated_to,
    vote,
)
from animeseg.watch import Watch


def _extreme(values, pick, times):
    """``pick`` (min or max) over the 3x3 neighbours inside the array, ``times`` times."""
    height, width = values.shape
    for _ in range(times):
        before = values.copy()
        for y in range(height):
            for x in range(width):
                near = [
                    before[v, u]
                    for v in range(y - 1, y + 2)
                    for u in range(x - 1, x + 2)
                    if 0 <= v < height and 0 <= u < width
                ]
                values[y, x] = pick(near)
    return values


def _truncated_bilinear(values, size):
    out = np.zeros(size, np.uint8)
    for y in range(size[0]):
        for x in range(size[1]):
            v = min(max((y + 0.5) * values.shape[0] / size[0] - 0.5, 0), values.shape[0] - 1)
            u = min(max((x + 0.5) * values.shape[1] / size[1] - 0.5, 0), values.shape[1] - 1)
            top, left = int(v), int(u)
            total = 0.0
            for j, wy in ((top, 1 - (v - top)), (min(top + 1, values.shape[0] - 1), v - top)):
                for i, wx in (
                    (left, 1 - (u - left)),
                    (min(left + 1, values.shape[1] - 1), u - left),
                ):
                    total += wy * wx * values[j, i]
            out[y, x] = int(total)
    return out


def _reference(proposals, summed, size, threshold=0.3, erode=3, dilate=2):
    """Steps (a) to (e) of the published method."""
    detection = _extreme(_extreme(summed.copy(), min, erode), max, dilate)
    detection = _truncated_bilinear(detection, size)
    result = np.zeros(size, int)
    covered = np.zeros(size, int)
    for mask in proposals:
        shared = area = 0
        for y in range(size[0]):
            for x in range(size[1]):
                if mask[y, x]:
                    covered[y, x] = 1
                    area += 1
                    shared += int(detection[y, x])
        if shared / area > threshold:
            result[mask] = 1
    for y in range(size[0]):
        for x in range(size[1]):
            if not covered[y, x] and detection[y, x] > 0:
                result[y, x] = 1
    return _extreme(_extreme(result, min, erode), max, erode)


def _rectangle(size, top, left, bottom, right):
    mask = np.zeros(size, bool)
    mask[top:bottom, left:right] = True
    return mask


def _instances(*masks, scores=None):
    return Instances.from_masks(
        np.stack(masks), None if scores is None else np.asarray(scores, np.float32)
    )


SIZE = (48, 64)


def _scene():
    """Two overlapping detections at half the size of the picture, and proposals of each fate."""
    summed = np.zeros((24, 32), np.float32)
    summed[3:22, 3:17] += 1
    summed[5:20, 12:27] += 1
    proposals = [
        _rectangle(SIZE, 4, 4, 40, 30),  # inside: taken
        _rectangle(SIZE, 10, 44, 30, 64),  # reaches out, enough inside: taken
        _rectangle(SIZE, 0, 0, 48, 10),  # mostly outside: refused, but covers
        _rectangle(SIZE, 44, 0, 48, 64),  # outside altogether
        _rectangle(SIZE, 20, 20, 24, 24),  # too small to survive the opening by itself
    ]
    return summed, proposals


def test_the_vote_is_that_of_the_description_step_by_step():
    summed, proposals = _scene()
    expected = _reference(proposals, summed, SIZE)
    np.testing.assert_array_equal(vote(proposals, summed, SIZE, VoteSettings()), expected)
    assert 0 < expected.sum() < expected.size


@pytest.mark.parametrize("seed", range(6))
def test_the_vote_agrees_with_the_loops_on_random_scenes(seed):
    rng = np.random.default_rng(seed)
    summed = np.zeros((12, 20), np.float32)
    proposals = []
    for _ in range(3):
        y, x = rng.integers(0, 6), rng.integers(0, 10)
        summed[y : y + rng.integers(4, 9), x : x + rng.integers(4, 12)] += 1
    for _ in range(6):
        y, x = rng.integers(0, 20), rng.integers(0, 30)
        mask = _rectangle((24, 40), y, x, y + rng.integers(3, 20), x + rng.integers(3, 30))
        proposals.append(mask & (rng.random((24, 40)) > 0.02))
    settings = VoteSettings(erode=int(rng.integers(0, 3)), dilate=int(rng.integers(0, 3)))
    np.testing.assert_array_equal(
        vote(proposals, summed, (24, 40), settings),
        _reference(proposals, summed, (24, 40), erode=settings.erode, dilate=settings.dilate),
    )


def test_the_detection_shrinks_by_one_pixel_of_the_network_and_loses_soft_edges():
    summed = np.zeros((20, 20), np.float32)
    summed[5:15, 5:15] = 1
    stretched = stretched_with_padding(summed, (40, 40), erode=3, dilate=2)
    # 10 px shrink to 8 px; doubled they are 16 px, of which the two half pixels at the rim are
    # worth 0.75 and 0.5625 and are cut off.
    np.testing.assert_array_equal(stretched, _rectangle((40, 40), 13, 13, 27, 27))


def test_overlapping_detections_count_twice():
    size = (20, 20)
    summed = np.full(size, 2, np.float32)
    inside = np.zeros(size, np.float32)
    inside[:, :3] = 2
    settings = VoteSettings(erode=0, dilate=0)
    proposal = _rectangle(size, 0, 0, 20, 20)
    assert stretched_with_padding(summed, size, erode=3, dilate=2).max() == 2
    # 3 of 20 columns are 15 %, counted twice 30 %: not above the threshold; with 4 it is.
    assert not vote([proposal], inside, size, settings).any()
    inside[:, :4] = 2
    assert vote([proposal], inside, size, settings).all()


@pytest.mark.parametrize(
    ("measure", "threshold", "taken"),
    [
        ("containment", 0.5, False),  # 50 of 100 pixels
        ("containment", 0.49, True),
        ("iou", 0.25, False),  # 50 of 200 pixels
        ("iou", 0.24, True),
    ],
)
def test_a_proposal_has_to_score_strictly_above_the_threshold(measure, threshold, taken):
    size = (15, 20)
    summed = _rectangle(size, 0, 0, 15, 10).astype(np.float32)
    proposal = _rectangle(size, 0, 5, 10, 15)
    settings = VoteSettings(measure=measure, threshold=threshold, erode=0, dilate=0)
    voted = vote([proposal], summed, size, settings)
    assert bool(voted[0, 14]) is taken


def test_what_no_proposal_covers_is_taken_from_the_detection():
    size = (30, 30)
    summed = _rectangle(size, 5, 5, 25, 25).astype(np.float32)
    background = _rectangle(size, 0, 0, 30, 8)
    settings = VoteSettings(erode=0, dilate=0)
    np.testing.assert_array_equal(
        vote([background], summed, size, settings) > 0, _rectangle(size, 5, 8, 25, 25)
    )
    np.testing.assert_array_equal(vote([], summed, size, settings), summed)


def test_fractions_are_cut_off_when_the_result_is_stretched():
    values = np.array([[0, 1, 1, 0]], np.float32)
    np.testing.assert_array_equal(truncated_to(values, (1, 8)), [[0, 0, 0, 1, 1, 0, 0, 0]])


@pytest.mark.parametrize(
    ("size", "padded"),
    [((1216, 832), (640, 448)), ((640, 640), (640, 640)), ((100, 300), (224, 640))],
)
def test_detections_are_summed_at_the_padded_size_of_the_network(size, padded):
    masks = np.ones((3, *size), bool)
    summed = summed_at_network_size(masks)
    assert summed.shape == padded
    assert set(np.unique(summed)) <= {0, 3}
    inner = round(min(size) * 640 / max(size))
    assert (summed > 0).sum() == inner * 640
    missing = min(padded) - inner
    line = summed[320] if size[0] > size[1] else summed[:, 320]
    assert np.flatnonzero(line)[0] == missing // 2


def test_padding_is_stretched_along_with_the_detection():
    full = summed_at_network_size(np.ones((1, 1216, 832), bool))
    stretched = stretched_with_padding(full, (1216, 832), erode=0, dilate=0)
    columns = np.flatnonzero(stretched.any(axis=0))
    assert columns[0] > 8
    assert columns[-1] < 832 - 8


@pytest.mark.parametrize(
    ("size", "expected"),
    [((1000, 3840), (500, 1920)), ((1920, 1920), (1920, 1920)), ((10, 20), (10, 20))],
)
def test_only_larger_pictures_are_scaled_down(size, expected):
    assert scaled_down(np.zeros((*size, 3), np.uint8), 1920).shape == (*expected, 3)


def test_pixels_go_to_the_nearest_detection_and_of_several_to_the_most_confident():
    size = (1, 12)
    instances = _instances(
        _rectangle(size, 0, 0, 1, 5), _rectangle(size, 0, 3, 1, 7), scores=[0.4, 0.9]
    )
    union = np.ones(size, np.uint8)
    union[0, 1] = 0
    masks = shared_out(union, instances)
    assert masks[0, 0].tolist() == [1, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0]
    assert masks[1, 0].tolist() == [0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1, 1]


@pytest.mark.parametrize("vacant", [False, True])
def test_sharing_out_neither_adds_nor_loses_a_pixel(rng, vacant):
    masks = rng.random((4, 30, 40)) > 0.7
    if vacant:
        masks[:] = False
    union = rng.random((30, 40)) > 0.4
    shares = shared_out(union, _instances(*masks, scores=rng.random(4)))
    np.testing.assert_array_equal(shares.sum(axis=0), union)


# --------------------------------------------------------------- with the real mask generator


class _TinySam:
    """A real, untrained, very small Segment Anything."""

    def __init__(self, bias=0.0):
        from segment_anything.modeling import (
            ImageEncoderViT,
            MaskDecoder,
            PromptEncoder,
            Sam,
            TwoWayTransformer,
        )

        torch.manual_seed(0)
        encoder = ImageEncoderViT(
            img_size=64, embed_dim=16, depth=1, num_heads=2, out_chans=16, window_size=0
        )
        prompts = PromptEncoder(
            embed_dim=16, image_embedding_size=(4, 4), input_image_size=(64, 64), mask_in_chans=4
        )
        decoder = MaskDecoder(
            transformer_dim=16,
            transformer=TwoWayTransformer(depth=1, embedding_dim=16, num_heads=2, mlp_dim=16),
        )
        self.network = type("Network", (), {})()
        self.network.module = Sam(encoder, prompts, decoder).eval()
        for layer in decoder.iou_prediction_head.layers:
            torch.nn.init.constant_(layer.bias, bias)
        self.info = ModelInfo("refiner", "tiny", "0" * 64)
        self.encoder_calls = 0
        self.decoder_calls = 0


@pytest.fixture
def picture(rng):
    small = rng.integers(0, 255, (6, 8, 3)).astype(np.uint8)
    return cv2.resize(small, (80, 60), interpolation=cv2.INTER_CUBIC)


def test_every_grid_point_of_the_picture_and_of_four_crops_is_asked(picture):
    sam, told = _TinySam(), []
    settings = VoteSettings(points_per_side=4, points_per_batch=10, pred_iou=0.0, stability=0.0)
    watch = Watch(progress=lambda done, total: told.append((done, total)))
    proposals = generate_proposals(sam, picture, settings, watch)
    assert sam.encoder_calls == 5
    assert sam.decoder_calls == 5 * 2
    assert told[-1] == (80, 80)
    assert [done for done, _ in told] == sorted(done for done, _ in told)
    assert all(rle["size"] == [60, 80] for rle in proposals)


def test_the_generator_gets_the_published_parameters(picture, monkeypatch):
    import segment_anything

    given = {}

    class Recorder(segment_anything.SamAutomaticMaskGenerator):
        def __init__(self, model, **parameters):
            super().__init__(model, **parameters)
            given.update(parameters, generator=self)

        def generate(self, image):
            return []

    monkeypatch.setattr(segment_anything, "SamAutomaticMaskGenerator", Recorder)
    generate_proposals(_TinySam(), picture, VoteSettings(), Watch())
    generator = given["generator"]
    assert generator.pred_iou_thresh == 0.6
    assert generator.stability_score_thresh == 0.8
    assert generator.crop_n_layers == 1
    assert generator.crop_n_points_downscale_factor == 1
    assert [len(grid) for grid in generator.point_grids] == [1024, 1024]
    assert generator.points_per_batch == 64
    assert generator.box_nms_thresh == generator.crop_nms_thresh == 0.7
    assert generator.crop_overlap_ratio == 512 / 1500
    assert generator.min_mask_region_area == 0


def test_the_union_of_the_instances_is_the_published_mask(picture):
    sam = _TinySam()
    settings = VoteSettings(points_per_side=3, pred_iou=0.0, stability=0.0, erode=1, dilate=1)
    instances = _instances(_rectangle((60, 80), 5, 5, 50, 40), _rectangle((60, 80), 10, 45, 55, 75))
    from segment_anything.utils.amg import rle_to_mask

    proposals = [rle_to_mask(rle) for rle in generate_proposals(sam, picture, settings, Watch())]
    summed = summed_at_network_size(instances.masks)
    expected = vote(proposals, summed, (60, 80), settings)
    refined = VoteRefiner(sam, "report", settings).refine(picture, instances)
    np.testing.assert_array_equal(refined.instances.union(), expected > 0)
    assert len(refined.instances) == 2
    assert refined.notes == ()


def test_a_picture_without_any_proposal_keeps_the_opened_detection(picture):
    settings = VoteSettings(points_per_side=2, pred_iou=1.0, stability=1.0)
    instances = _instances(_rectangle((60, 80), 10, 10, 50, 70))
    refined = VoteRefiner(_TinySam(), "report", settings).refine(picture, instances)
    assert refined.instances.masks[0, 30, 40]
    assert not refined.instances.masks[0, 2, 2]


def test_an_interrupted_vote_keeps_the_detections_and_says_so(picture):
    sam, asked = _TinySam(), []
    watch = Watch(should_stop=lambda: len(asked) > 1, progress=lambda *at: asked.append(at))
    settings = VoteSettings(points_per_side=4, points_per_batch=4)
    instances = _instances(_rectangle((60, 80), 10, 10, 50, 70))
    refined = VoteRefiner(sam, "report", settings, watch).refine(picture, instances)
    np.testing.assert_array_equal(refined.instances.masks, instances.masks)
    assert [note.code for note in refined.notes] == ["vote_interrupted"]
    assert len(asked) == 2
    assert not sam.network.module.mask_decoder._forward_hooks


def test_a_model_of_another_family_is_refused_at_once():
    sam = _TinySam()
    sam.network.module = torch.nn.Identity()
    with pytest.raises(OptionError, match="tiny"):
        VoteRefiner(sam, "report")


def test_a_half_precision_encoder_works_with_the_generator(picture):
    sam = _TinySam()
    sam.network.module.image_encoder.to(torch.bfloat16)
    settings = VoteSettings(points_per_side=2, pred_iou=0.0, stability=0.0, crop_layers=0)
    assert generate_proposals(sam, picture, settings, Watch())
