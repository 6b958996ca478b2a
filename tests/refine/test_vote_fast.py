"""The fast vote on flat-coloured pictures, answered by a network that knows colours exactly."""

import numpy as np
import pytest
import torch

from animeseg.errors import OptionError
from animeseg.instances import Instances, ModelInfo
from animeseg.masks import iou as mask_iou
from animeseg.options import Options
from animeseg.refine.proposals import grid_prompts, propose
from animeseg.refine.sam import Sam
from animeseg.refine.vote import VoteRefiner, VoteSettings
from animeseg.refine.vote_fast import ballot, resized, shaped
from animeseg.watch import Watch


class _ColourNetwork:
    """Proposes all that has the colour of the point; a loose and a doubtful mask besides."""

    stretch = False

    def __init__(self, rating=0.9):
        self.module = self.encoder = torch.nn.Identity()
        self.rating = rating
        self.asked = []

    def encode(self, pixels):
        cells = torch.nn.functional.avg_pool2d(pixels, 4)
        around = torch.nn.functional.max_pool2d
        pure = (around(cells, 3, 1, 1) == -around(-cells, 3, 1, 1)).all(1, keepdim=True)
        labels = torch.unique(cells[0].flatten(1).T, dim=0, return_inverse=True)[1] + 1.0
        labels = labels.view(1, 1, 256, 256) * pure
        for _ in range(3):  # the blended rim goes to one of its neighbours
            labels = torch.where(labels > 0, labels, around(labels, 3, 1, 1))
        return (labels,)

    def decode(self, features, prompt):
        labels = features[0][0, 0]
        answers = []
        for x, y in prompt.points[:, 0].tolist():
            self.asked.append((x, y))
            sure = torch.where(labels == labels[int(y // 4), int(x // 4)], 8.0, -8.0)
            answers.append(torch.stack([sure, torch.full_like(sure, 8.0), sure / 10]))
        ratings = torch.tensor([[self.rating, 0.1, 0.9]]).repeat(len(answers), 1)
        return torch.stack(answers), ratings


def _sam(rating=0.9):
    info = ModelInfo("refiner", "colours", "0" * 64)
    return Sam(_ColourNetwork(rating), info, torch.device("cpu"))


def _rectangle(size, top, left, bottom, right):
    mask = np.zeros(size, bool)
    mask[top:bottom, left:right] = True
    return mask


def _painted(size, *regions):
    picture = np.full((*size, 3), (40, 40, 200), np.uint8)
    for mask, colour in regions:
        picture[mask] = colour
    return picture


def _instances(*masks, scores=None):
    return Instances.from_masks(
        np.stack(masks), None if scores is None else np.asarray(scores, np.float32)
    )


SIZE = (256, 320)
HAIR = _rectangle(SIZE, 40, 100, 100, 180)
DRESS = _rectangle(SIZE, 100, 80, 220, 200)
FIGURE = HAIR | DRESS
PICTURE = _painted(SIZE, (HAIR, (250, 200, 40)), (DRESS, (200, 30, 60)))


def _iou(first, second):
    return mask_iou(first, second)


@pytest.mark.parametrize(
    "detection",
    [
        _rectangle(SIZE, 60, 100, 210, 180),  # too small
        _rectangle(SIZE, 30, 70, 230, 210),  # bleeds into the background
        _rectangle(SIZE, 55, 95, 235, 215),  # shifted
    ],
    ids=["small", "bleeding", "shifted"],
)
def test_the_parts_of_a_character_make_it_whole(detection):
    refined = VoteRefiner(_sam()).refine(PICTURE, _instances(detection))
    assert _iou(refined.instances.masks[0], FIGURE) > 0.97
    assert _iou(refined.instances.masks[0], FIGURE) > _iou(detection, FIGURE)
    assert refined.notes == ()


def test_true_iou_wants_proposals_as_large_as_the_character():
    settings = VoteSettings(measure="iou")
    refined = VoteRefiner(_sam(), settings=settings).refine(PICTURE, _instances(FIGURE))
    assert _iou(refined.instances.masks[0], DRESS) > 0.97  # the hair is a quarter of the whole


def test_one_encoder_pass_and_few_prompts_are_enough_for_a_large_character():
    sam = _sam()
    VoteRefiner(sam).refine(PICTURE, _instances(FIGURE))
    assert sam.encoder_calls == 1
    assert len(sam.network.asked) < 0.1 * 32 * 32


def test_touching_characters_stay_apart():
    left, right = _rectangle(SIZE, 60, 60, 220, 150), _rectangle(SIZE, 60, 150, 220, 260)
    picture = _painted(SIZE, (left, (250, 200, 40)), (right, (200, 30, 60)))
    detections = _instances(_rectangle(SIZE, 65, 65, 215, 165), _rectangle(SIZE, 65, 135, 215, 255))
    masks = VoteRefiner(_sam()).refine(picture, detections).instances.masks
    assert _iou(masks[0], left) > 0.97
    assert _iou(masks[1], right) > 0.97
    assert (masks[0] & masks[1]).sum() == 0


def test_what_no_proposal_covers_is_taken_from_the_detection():
    sam = _sam(rating=0.5)  # below the threshold: nothing is proposed
    refined = VoteRefiner(sam).refine(PICTURE, _instances(FIGURE))
    assert _iou(refined.instances.masks[0], FIGURE) > 0.95


def test_a_character_all_of_whose_proposals_lose_keeps_its_mask_and_says_so():
    detection = _rectangle(SIZE, 100, 10, 150, 60)  # on the background, which is far larger
    refined = VoteRefiner(_sam()).refine(PICTURE, _instances(FIGURE, detection))
    np.testing.assert_array_equal(refined.instances.masks[1], detection)
    assert [note.code for note in refined.notes] == ["vote_unelected"]
    assert "character 2" in refined.notes[0].message


def test_without_detections_the_model_is_not_asked():
    sam = _sam()
    refined = VoteRefiner(sam).refine(PICTURE, Instances.empty(SIZE))
    assert len(refined.instances) == sam.encoder_calls == 0


def test_a_picture_of_another_size_is_refused():
    with pytest.raises(ValueError, match="256"):
        VoteRefiner(_sam()).refine(PICTURE[:100], _instances(FIGURE))


def test_an_unknown_preset_is_refused():
    with pytest.raises(OptionError, match="vote_preset"):
        VoteRefiner(_sam(), "quick")


def test_the_settings_of_the_vote_follow_the_options():
    options = Options(vote_threshold=0.45, vote_measure="iou", vote_max_side=960)
    assert VoteSettings.from_options(Options()) == VoteSettings()
    assert VoteSettings.from_options(options) == VoteSettings(
        threshold=0.45, measure="iou", max_side=960
    )


def test_a_large_picture_is_voted_on_scaled_down_and_answered_at_its_own_size():
    settings = VoteSettings(max_side=160, erode=1, dilate=1)
    detection = _rectangle(SIZE, 60, 100, 210, 180)
    refined = VoteRefiner(_sam(), settings=settings).refine(PICTURE, _instances(detection))
    assert refined.instances.size == SIZE
    assert _iou(refined.instances.masks[0], FIGURE) > 0.94  # 2 px of 160


# --------------------------------------------------------------------------- small characters


COLOURS = [(250, 200, 40), (200, 30, 60), (30, 160, 60), (240, 240, 240), (10, 10, 10)]


def _crowd(size=(1000, 1500), side=100):
    corners = [(80, 70), (100, 260), (130, 500), (800, 1300)]
    return [_rectangle(size, y, x, y + side, x + side // 2) for y, x in corners]


def test_small_characters_share_crops_and_are_refined_in_them():
    crowd, large = _crowd(), _rectangle((1000, 1500), 250, 830, 960, 1170)
    figures = [*crowd, large]
    picture = _painted((1000, 1500), *zip(figures, COLOURS, strict=True))
    sam, told = _sam(), []
    detections = _instances(*(np.roll(mask, 3, axis=0) for mask in figures))
    watch = Watch(progress=lambda done, total: told.append((done, total)))
    refined = VoteRefiner(sam, watch=watch).refine(picture, detections)
    assert sam.encoder_calls == 3
    for mask, figure in zip(refined.instances.masks, figures, strict=True):
        assert _iou(mask, figure) > 0.9
    assert told[-1][0] == told[-1][1] == len(sam.network.asked)
    assert [done for done, _ in told] == sorted(done for done, _ in told)


@pytest.mark.parametrize(("layers", "passes"), [(0, 1), (1, 2)])
def test_without_crop_layers_the_whole_picture_has_to_do(layers, passes):
    crowd = _crowd()
    picture = _painted((1000, 1500), *zip(crowd, COLOURS, strict=False))
    sam = _sam()
    settings = VoteSettings(crop_layers=layers)
    VoteRefiner(sam, settings=settings).refine(picture, _instances(*crowd))
    assert sam.encoder_calls == passes


def test_an_interrupted_vote_returns_what_is_done_and_says_so():
    crowd = _crowd()
    picture = _painted((1000, 1500), *zip(crowd, COLOURS, strict=False))
    detections = _instances(*(np.roll(mask, 8, axis=0) for mask in crowd))
    sam = _sam()
    watch = Watch(should_stop=lambda: sam.encoder_calls == 2)
    refined = VoteRefiner(sam, watch=watch).refine(picture, detections)
    assert [note.code for note in refined.notes] == ["vote_interrupted"]
    assert "1 of 4" in refined.notes[0].message
    np.testing.assert_array_equal(refined.instances.masks[3], detections.masks[3])
    assert _iou(refined.instances.masks[0], crowd[0]) > 0.9


def test_a_vote_stopped_at_once_costs_no_encoder_pass():
    sam = _sam()
    watch = Watch(should_stop=lambda: True)
    refined = VoteRefiner(sam, watch=watch).refine(PICTURE, _instances(FIGURE))
    np.testing.assert_array_equal(refined.instances.masks[0], FIGURE)
    assert sam.encoder_calls == 0


# ----------------------------------------------------------------------- prompts and proposals


def test_prompts_lie_in_the_character_and_a_narrow_ring():
    (points,) = grid_prompts(FIGURE[None], VoteSettings(), np.ones(1, int))
    grown = _rectangle(SIZE, 40 - 9, 100 - 9, 109, 189) | _rectangle(SIZE, 91, 71, 229, 209)
    x, y = points.astype(int).T
    assert grown[y, x].all()
    assert 0.5 < FIGURE[y, x].mean() < 0.95
    assert 40 < len(points) < 90


@pytest.mark.parametrize(("side", "low", "high"), [(200, 80, 200), (60, 30, 100), (4, 4, 30)])
def test_the_grid_follows_the_size_of_the_character(side, low, high):
    mask = _rectangle((400, 400), 100, 100, 100 + side, 100 + side)
    (points,) = grid_prompts(mask[None], VoteSettings(), np.ones(1, int))
    assert low <= len(points) <= high


def test_every_character_is_asked_about_however_many_there_are():
    masks = np.stack(
        [
            _rectangle((500, 500), y, x, y + 20, x + 20)
            for y in range(0, 500, 50)
            for x in range(0, 500, 50)
        ]
    )
    points = grid_prompts(masks, VoteSettings(), np.ones(len(masks), int))
    assert all(len(each) for each in points)
    assert sum(map(len, points)) <= 256


def test_a_thin_character_between_the_lines_of_the_grid_is_asked_about():
    mask = np.zeros((200, 200), bool)
    for step in range(150):
        mask[20 + step, 20 + step] = True
    (points,) = grid_prompts(mask[None], VoteSettings(points_per_side=3), np.ones(1, int))
    x, y = points.astype(int).T
    assert mask[y, x].any()


def test_an_empty_mask_has_no_prompts_of_a_grid():
    (points,) = grid_prompts(np.zeros((1, 20, 20), bool), VoteSettings(), np.ones(1, int))
    assert len(points) == 0


def _proposed(points, cut=(False,) * 4, **settings):
    sam = _sam()
    return propose(
        sam, sam.embed(PICTURE), np.asarray(points, np.float32), VoteSettings(**settings), cut=cut
    )


def test_only_rated_and_stable_proposals_are_kept_and_duplicates_do_not_vote():
    proposals = _proposed([(140, 60), (150, 70), (140, 150)])
    # Of three candidates a point, one is rated too low and one is unstable.
    assert proposals.logits.shape == (3, 256, 256)
    assert proposals.voting.tolist() == [True, False, True]
    assert len(_proposed([(140, 60)], pred_iou=0.0).logits) == 2
    assert len(_proposed([(140, 60)], pred_iou=0.9).logits) == 0
    assert len(_proposed([(140, 60)], stability=0.0).logits) == 2


def test_nothing_is_proposed_in_the_padding_of_the_network():
    proposals = _proposed([(10, 10)], pred_iou=0.0)
    assert (proposals.logits[:, 205:] < 0).all()
    assert (proposals.logits[:, :205] > 0).any()


def test_proposals_that_a_crop_cuts_off_do_not_vote():
    points = [(10, 10), (140, 60)]  # the background reaches all four sides
    assert _proposed(points).voting.tolist() == [True, True]
    assert _proposed(points, cut=(False, True, False, False)).voting.tolist() == [False, True]


def test_no_points_make_no_proposals():
    proposals = _proposed(np.zeros((0, 2)))
    assert proposals.logits.shape == (0, 256, 256)
    assert proposals.voting.shape == (0,)


# -------------------------------------------------------------------------------- the vote itself


def _reference(proposals, detections, threshold, measure):
    """The owner of each proposal in plain loops."""
    owners = []
    for mask in proposals:
        best = (-1.0, -1.0)
        owner = -1
        for row, detection in enumerate(detections):
            shared = int((mask & detection).sum())
            containment = shared / int(mask.sum())
            iou = shared / int((mask | detection).sum())
            if (containment, iou) > best:
                best, owner = (containment, iou), row
        score = best[0] if measure == "containment" else best[1]
        owners.append(owner if score > threshold else -1)
    return owners


@pytest.mark.parametrize("measure", ["containment", "iou"])
@pytest.mark.parametrize("seed", range(4))
def test_the_ballot_agrees_with_plain_loops(seed, measure):
    rng = np.random.default_rng(seed)
    proposals, detections = rng.random((30, 6, 7)) > 0.6, rng.random((4, 6, 7)) > 0.5
    proposals[:, 0, 0] = True
    settings = VoteSettings(threshold=0.3, measure=measure)
    owners = ballot(torch.from_numpy(proposals), torch.from_numpy(detections), settings)
    assert owners.tolist() == _reference(proposals, detections, 0.3, measure)


@pytest.mark.parametrize(
    ("measure", "threshold", "owner"),
    [
        ("containment", 0.3, -1),  # 3 of 10 pixels
        ("containment", 0.29, 0),
        ("iou", 0.25, -1),  # 3 of 12 pixels
        ("iou", 0.24, 0),
    ],
)
def test_a_proposal_has_to_score_strictly_above_the_threshold(measure, threshold, owner):
    proposal, detection = torch.zeros(1, 1, 20) > 0, torch.zeros(1, 1, 20) > 0
    proposal[..., :10] = True
    detection[..., 7:12] = True
    settings = VoteSettings(threshold=threshold, measure=measure)
    assert ballot(proposal, detection, settings).tolist() == [owner]


def test_of_detections_that_hold_a_proposal_alike_the_tighter_gets_it():
    proposal = torch.zeros(1, 1, 9) > 0
    proposal[..., 2:4] = True
    wide, tight = torch.ones(1, 9) > 0, proposal[0].clone()
    assert ballot(proposal, torch.stack([wide, tight]), VoteSettings()).tolist() == [1]


@pytest.mark.parametrize("scale", [1, 2, 4])
def test_the_detection_is_shaped_at_the_published_scale(scale):
    size = (320 * scale, 640 * scale)
    mask = _rectangle(size, 100 * scale, 100 * scale, 200 * scale, 300 * scale)
    expected = _rectangle(size, 101 * scale, 101 * scale, 199 * scale, 299 * scale)
    changed = shaped(mask[None], erode=3, dilate=2)[0] ^ expected
    assert changed.sum() <= 4  # scaling up may round the corners


def test_a_detection_too_small_for_the_erosion_is_left_as_it_is():
    mask = _rectangle((640, 640), 10, 10, 14, 14)
    np.testing.assert_array_equal(shaped(mask[None], erode=3, dilate=2)[0], mask)


@pytest.mark.parametrize("size", [(5, 9), (10, 18), (20, 36)])
def test_resizing_gives_a_copy_of_the_same_shape_of_things(size):
    mask = _rectangle((10, 18), 2, 4, 8, 12)
    out = resized(mask[None], size)
    assert out.shape == (1, *size)
    assert out.mean() == pytest.approx(mask.mean())
    out[:] = False
    assert mask.any()
