"""A finished storybook picture drawn anew: the large PNG and the SVG show what the run does."""

from __future__ import annotations

import io
import re
from xml.etree import ElementTree

import numpy as np
import pytest
import resvg_py
import torch
from helpers import CPU
from PIL import Image

from otgen.painters.catalogue import LARGE
from otgen.painters.storybook import finished, painter, vector
from otgen.painters.storybook.compositor import DEPTH, SIZE, SQUEEZE, TURN, X, Y
from otgen.recipe.prompts import InputError
from otgen.run.recorder import uint8
from otgen.world.storybook.words import COLOURS, STYLES, THINGS

HEIGHT, WIDTH = 128, 192


@pytest.fixture(scope="module")
def storybook():
    options = painter.Options(HEIGHT, WIDTH, sprites=3)
    return painter.sized(painter.build(CPU), options)


def _end(storybook, style: str = "plain"):
    """Return the end of a run: a red car behind a turned cat, and one that is not shown."""
    state, names = storybook.init(1, seed=5, steps=1), list(THINGS)
    things, tints = torch.zeros_like(state.things), torch.zeros_like(state.tints)
    for k, thing in enumerate(("car", "cat", "owl")):
        things[0, k, names.index(thing)] = 2.0
    tints[0, :, 0] = 2.0
    tints[0, 0, 0], tints[0, 0, 1 + list(COLOURS).index("red")] = 0.0, 2.0
    styles = torch.zeros_like(state.styles)
    styles[0, list(STYLES).index(style)] = 2.0
    pose = torch.zeros_like(state.pose)
    pose[0, :, X], pose[0, :, Y] = torch.tensor([-0.3, 0.2, 0.0]), torch.tensor([0.1, 0.3, 0.0])
    pose[0, :, SIZE] = np.log(0.6)
    pose[0, 1, TURN], pose[0, 0, SQUEEZE], pose[0, 1, DEPTH] = 0.25, 0.15, 1.0
    gates = torch.tensor([[1.0, 1.0, -2.0]])
    leaves = {"things": things, "tints": tints, "styles": styles, "pose": pose, "gates": gates}
    return state._replace(**leaves, mirrored=torch.tensor([1.0, -1.0, 1.0]), count=1)


def _psnr(one: np.ndarray, other: np.ndarray) -> float:
    error = np.mean((one.astype(float) - other.astype(float)) ** 2)
    return 20 * np.log10(255) - 10 * np.log10(error)


def _reduced(picture: np.ndarray) -> np.ndarray:
    return np.asarray(Image.fromarray(picture).reduce(LARGE))


def _rasterised(svg: str) -> np.ndarray:
    data = resvg_py.svg_to_bytes(svg_string=svg, width=LARGE * WIDTH, height=LARGE * HEIGHT)
    return np.asarray(Image.open(io.BytesIO(bytes(data))).convert("RGB"))


def _shown(storybook, state) -> np.ndarray:
    return uint8(storybook.draw(state).image.detach())[0].numpy()


@pytest.mark.parametrize("style", ["plain", "watercolour"])
def test_large_picture_is_the_finished_one(storybook, style):
    state = _end(storybook, style)
    large, small = finished.large(storybook, state, 0), _shown(storybook, state)
    assert large.shape == (LARGE * HEIGHT, LARGE * WIDTH, 3)
    # Pictures of real runs had 32 to 38 dB; without its sprites this one has 15.
    assert _psnr(_reduced(large), small) > 30
    bare = state._replace(gates=torch.full_like(state.gates, -2.0))
    assert _psnr(_reduced(finished.large(storybook, bare, 0)), small) < 20


def test_large_picture_is_drawn_and_not_enlarged(storybook):
    """Its outlines are steeper than those of the small one, enlarged."""
    state = _end(storybook)
    large = finished.large(storybook, state, 0)
    enlarged = np.asarray(Image.fromarray(_shown(storybook, state)).resize(large.shape[1::-1]))
    steepest = [
        np.quantile(np.abs(np.diff(picture.astype(int).sum(-1))), 0.999)
        for picture in (large, enlarged)
    ]
    assert steepest[0] > 2 * steepest[1]


def test_svg_shows_what_the_large_picture_does(storybook):
    state = _end(storybook)
    svg, large = finished.svg(storybook, state, 0), finished.large(storybook, state, 0)
    # Pictures of real runs had 36 to 40 dB. The other way round, the cat alone costs 15 dB.
    assert _psnr(_rasterised(svg), large) > 34
    swapped = state._replace(pose=state.pose * torch.tensor([1.0, 1, 1, 1, 1, -1]))
    assert _psnr(_rasterised(finished.svg(storybook, swapped, 0)), large) < 25


def test_svg_has_named_shapes_before_the_place(storybook):
    svg = finished.svg(storybook, _end(storybook), 0)
    root = ElementTree.fromstring(svg)
    space = "{http://www.w3.org/2000/svg}"
    assert (root.get("width"), root.get("height")) == (str(WIDTH), str(HEIGHT))
    assert [title.text for title in root.iter(f"{space}title")] == ["car", "cat"]  # deepest first
    assert [child.tag for child in root] == [space + tag for tag in ("defs", "image", "g", "g")]
    used = set(re.findall(r"url\(#([\w-]+)\)", svg))
    assert used == {one.get("id") for one in root.iter(f"{space}linearGradient")}
    assert len(svg) < 400_000


def test_svg_of_a_filtered_style_is_refused(storybook):
    with pytest.raises(InputError, match=r"style, neon, is made of pixels.*take the large PNG"):
        finished.svg(storybook, _end(storybook, "neon"), 0)


def test_simplified_line_stays_within_its_tolerance():
    angle = np.linspace(0, 2 * np.pi, 400)
    ring = 50 * np.c_[np.cos(angle), np.sin(angle)]
    few = vector.simplified(ring, 0.1)
    assert len(few) < 80
    assert np.array_equal(few[0], few[-1]) or np.allclose(few[0], few[-1])
    middles = (few[1:] + few[:-1]) / 2  # of chords: there they are farthest off
    assert np.abs(np.linalg.norm(middles, axis=1) - 50).max() <= 0.1 + 1e-9


def test_empty_sprite_has_no_shapes():
    logits = torch.zeros(11, 96, 96)
    logits[-1] = -5.0
    assert vector.sprite(logits, torch.zeros(10, 3, 3), torch.eye(9)[0], "x") == ("", "")


def test_finished_picture_shows_one_thing_and_one_place_of_what_stays_mixed(storybook):
    """Guided, a sprite of two things is neither and a ground of two places a double exposure."""
    renderer, end, names = storybook.renderer, _end(storybook), list(THINGS)
    end.grounds[0, :, 0], end.grounds[0, :, 1] = 3.02, 3.0
    mixed = end._replace(things=end.things.clone(), grounds=end.grounds.clone())
    mixed.things[0, 0, names.index("bell")] = 1.98
    end.grounds[0, :, 1] = 0.0
    weights = renderer.leaves(mixed)
    assert 0.5 < weights[0][0, 0].max() < 0.7
    assert 0.5 < weights[1][0, 0].max() < 0.7
    whole, clear = (renderer.picture(state, HEIGHT, WIDTH) for state in (end, mixed))
    assert (whole - clear).abs().max() < 1 / 255
    large = (finished.large(storybook, state, 0).astype(int) for state in (end, mixed))
    assert abs(next(large) - next(large)).max() <= 1
    guided = renderer.render(mixed, weights, renderer.working(), crisp=1.0).image
    assert (guided - renderer.picture(mixed, *renderer.working())).abs().max() > 0.2


def test_what_a_picture_shows_is_as_mixed_as_what_is_guided_while_a_run_is_warm(storybook):
    state = storybook.init(1, seed=5, steps=10)
    leaves = storybook.renderer.leaves(state)
    clear = storybook.renderer.clear(state, leaves)
    assert all(map(torch.allclose, clear, leaves))
    part, _, _, _, _, seam, _ = storybook.renderer.clear(state._replace(count=8), leaves)
    assert part.sum(-1).allclose(torch.ones(1, 3))
    assert (part.amax(-1) > leaves[0].amax(-1)).all()
    assert (seam[:, 2] > 4 * leaves[5][:, 2]).all()
    assert torch.equal(seam[:, :2], leaves[5][:, :2])
