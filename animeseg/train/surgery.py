"""From the 80 classes of COCO to one class, without losing what COCO knows about persons.

Building the one-class network and copying what fits would leave its class branch at random
values. Here the branch becomes COCO's own, slimmed down and reading out 'person', so that the
untrained result already finds characters about as well as COCO finds persons in drawings.
"""

from __future__ import annotations

import copy
import math
from typing import Any, cast

import torch
from torch import nn

from animeseg.detect import _ultralytics

PERSON = 0  # COCO class the new class starts from
HEAD = 22  # index of the segmentation head among the layers


def expected_activation(norm: nn.BatchNorm2d) -> tuple[torch.Tensor, torch.Tensor]:
    """Mean and standard deviation of SiLU behind a batch norm, its input taken as Gaussian.

    Returns:
        Two (channels,) float32 tensors.
    """
    grid = torch.linspace(-4, 4, 161)
    weight = torch.softmax(-(grid**2) / 2, 0)
    value = nn.functional.silu(norm.bias[:, None] + norm.weight[:, None].abs() * grid)
    mean = value @ weight
    return mean, ((value - mean[:, None]) ** 2 @ weight).sqrt()


@torch.no_grad()
def slim_class_branch(source: Any, target: Any) -> None:
    """Fill one level of the one-class branch with COCO's, reading out 'person'.

    COCO's branch has 80 hidden channels, that of a single class 64. The channels that matter least
    to the person score go, and what they contribute on average moves into the next bias.

    Args:
        source: COCO's level: two blocks of convolution, norm and SiLU, then a 1x1 convolution.
        target: the like of ours, overwritten.
    """
    width = target[0].conv.out_channels
    readout = source[2].weight[PERSON, :, 0, 0]
    mean2, std2 = expected_activation(source[1].bn)
    second = (readout.abs() * std2).topk(width).indices.sort().values
    rest2 = torch.ones_like(readout, dtype=torch.bool).index_fill(0, second, False)

    spread = source[1].bn.weight / (source[1].bn.running_var + source[1].bn.eps).sqrt()
    kernel = source[1].conv.weight
    use = ((readout * spread).abs()[second, None] * kernel[second].flatten(2).norm(dim=2)).sum(0)
    mean1, std1 = expected_activation(source[0].bn)
    first = (use * std1).topk(width).indices.sort().values
    rest1 = torch.ones_like(use, dtype=torch.bool).index_fill(0, first, False)

    target[0].conv.weight.copy_(source[0].conv.weight[first])
    target[1].conv.weight.copy_(kernel[second][:, first])
    for block, kept, donor in ((target[0], first, source[0]), (target[1], second, source[1])):
        for name in ("weight", "bias", "running_mean", "running_var"):
            getattr(block.bn, name).copy_(getattr(donor.bn, name)[kept])
    target[1].bn.running_mean.sub_(kernel[second][:, rest1].sum((2, 3)) @ mean1[rest1])
    target[2].weight.copy_(readout[second].view(1, -1, 1, 1))
    target[2].bias.copy_(source[2].bias[PERSON] + readout[rest2] @ mean2[rest2])


def operate(coco: Any) -> nn.Module:
    """Turn an 80-class COCO network into the standard one-class network that finds persons."""
    network = _ultralytics.find("ultralytics.nn.tasks:SegmentationModel")
    model: Any = network(copy.deepcopy(coco.yaml), nc=1, verbose=False).float()
    ours, theirs = model.state_dict(), coco.state_dict()
    same = {k: v for k, v in theirs.items() if k in ours and v.shape == ours[k].shape}
    model.load_state_dict(same, strict=False)
    for source, target in zip(coco.model[HEAD].cv3, model.model[HEAD].cv3, strict=True):
        slim_class_branch(source, target)
    return cast(nn.Module, model)


def behead(coco: Any) -> nn.Module:
    """Turn a COCO segmentation network into a one-class box detector that has yet to learn what.

    Backbone, neck and box branch stay; the class branch gives every place the same low score.
    """
    network = _ultralytics.find("ultralytics.nn.tasks:DetectionModel")
    layout = copy.deepcopy(coco.yaml)
    layout["head"][-1] = [layout["head"][-1][0], 1, "Detect", ["nc"]]
    model: Any = network(layout, nc=1, verbose=False).float()
    knows = operate(coco).state_dict()
    model.load_state_dict({k: knows[k] for k in model.state_dict()})
    for level, stride in zip(model.model[HEAD].cv3, (8, 16, 32), strict=True):
        nn.init.zeros_(level[2].weight)
        nn.init.constant_(level[2].bias, math.log(5 / (640 / stride) ** 2))
    return cast(nn.Module, model)
