"""The mini world: its painters, captions and what is true of a crop."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pytest
import torch

from otgen.guidance.clip import load
from otgen.models.catalogue import asset
from otgen.run.judge import CUTOUTS, JUDGES, recognised
from otgen.training.clips import RADIUS, hardest
from otgen.training.mini.backgrounds import PAINTERS
from otgen.training.mini.scenes import FONT, Placed, _overlap, _place, render
from otgen.training.mini.styles import FILTERS
from otgen.training.mini.train_clip import (
    HIDDEN,
    SMALLEST,
    VISIBLE,
    caption_of,
    truth_of,
    visibility,
)
from otgen.training.tokenizer import word_tokenizer
from otgen.world.mini import captions
from otgen.world.mini.words import BACKGROUNDS, OBJECTS, SIZE, STYLES, canonical_names

needs_font = pytest.mark.skipif(
    not Path(FONT).exists(),
    reason=f"{FONT} is missing (Debian: fonts-noto-color-emoji): no object is drawn",
)


def test_tables_name_the_same_things_in_the_same_order():
    assert list(PAINTERS) == list(BACKGROUNDS)
    assert list(FILTERS) == list(STYLES)
    assert [caption.text for caption in captions.canonical()] == list(canonical_names().values())


@pytest.mark.parametrize("name", PAINTERS)
def test_painter_is_a_function_of_its_generator(name):
    first, again, other = (PAINTERS[name](np.random.default_rng(seed)) for seed in (1, 1, 2))
    assert first.shape == (SIZE, SIZE, 3)
    assert np.issubdtype(first.dtype, np.floating)
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)
    # ``render`` clips; overshoot beyond a little would be a mistake of the painter.
    assert first.min() > -0.2
    assert first.max() < 1.6
    assert first.std() > 0.03  # it paints something


@pytest.mark.parametrize("name", FILTERS)
def test_filter_is_a_function_of_picture_and_generator(name):
    picture = np.clip(PAINTERS["meadow"](np.random.default_rng(0)), 0, 1)
    kept = picture.copy()
    first, again = (FILTERS[name](picture, np.random.default_rng(1)) for _ in range(2))
    assert first.shape == (SIZE, SIZE, 3)
    assert np.array_equal(first, again)
    assert np.array_equal(picture, kept)
    assert np.isfinite(first).all()
    assert first.min() >= -1e-6
    assert first.max() <= 1 + 1e-6
    assert (name == "photo") == np.array_equal(first, picture)


def test_overlap_is_the_shared_part_of_the_smaller_box():
    masks = {}
    rng = np.random.default_rng(0)
    for index in range(20):
        left, top = rng.integers(0, 60, 2)
        right, bottom = left + rng.integers(5, 60), top + rng.integers(5, 60)
        mask = np.zeros((SIZE, SIZE), bool)
        mask[top:bottom, left:right] = True
        masks[Placed(index, left, top, right, bottom)] = mask
    for (a, mask_a), (b, mask_b) in itertools.combinations(masks.items(), 2):
        shared = (mask_a & mask_b).sum() / min(mask_a.sum(), mask_b.sum())
        assert _overlap(a, b) == pytest.approx(shared)


def test_placed_objects_hide_each_other_little():
    placed = 0
    for seed in range(100):
        rng, objects = np.random.default_rng(seed), []
        for index in range(3):
            spot = _place(rng, index, rng.uniform(0.6, 1.6), 3, objects)
            objects += [spot] if spot else []
        placed += len(objects)
        assert all(_overlap(a, b) < 0.15 for a, b in itertools.combinations(objects, 2))
    assert placed > 200  # of 300


@needs_font
def test_scene_is_a_function_of_its_seed():
    for seed in range(12):
        picture, scene = render(seed)
        again, same_scene = render(seed)
        assert picture.shape == (SIZE, SIZE, 3)
        assert picture.dtype == np.uint8
        assert np.array_equal(picture, again)
        assert scene == same_scene
        assert len({placed.index for placed in scene.objects}) == len(scene.objects) <= 3
        assert 0 <= scene.background < len(BACKGROUNDS)
        assert 0 <= scene.style < len(STYLES)
    assert not np.array_equal(render(0)[0], render(1)[0])


@needs_font
def test_objects_are_drawn_where_the_scene_says():
    changed = inside = 0
    for seed in range(40):
        picture, scene = render(seed)
        if scene.style or not scene.objects:
            continue
        rng = np.random.default_rng(seed)
        background, _ = int(rng.integers(len(PAINTERS))), rng.random()
        plain = (np.clip(list(PAINTERS.values())[background](rng), 0, 1) * 255).astype(np.uint8)
        image = (np.abs(picture.astype(int) - plain).max(-1)) > 8
        boxes = np.zeros_like(image)
        for placed in scene.objects:
            x0, y0, x1, y1 = (round(edge) for edge in placed[1:])
            boxes[max(y0 - 2, 0) : y1 + 3, max(x0 - 2, 0) : x1 + 3] = True
        changed, inside = changed + image.sum(), inside + (image & boxes).sum()
    assert changed > 5000  # pixels
    assert inside / changed > 0.99


def _crops(count: int, seed: int):
    """Return objects [B, 3, 5] and crops [B, 4] with whole edges, so that pixels can be counted."""
    rng = np.random.default_rng(seed)
    objects = np.full((count, 3, 5), -1, np.float32)
    boxes = np.zeros((count, 4), np.float32)
    for row in range(count):
        for slot, index in enumerate(rng.choice(len(OBJECTS), rng.integers(0, 4), replace=False)):
            left, top = rng.integers(0, SIZE - 20, 2)
            objects[row, slot] = (
                index,
                left,
                top,
                left + rng.integers(8, 80),
                top + rng.integers(8, 80),
            )
        side = rng.integers(32, SIZE)
        left, top = rng.integers(0, SIZE - side + 1, 2)
        boxes[row] = left, top, left + side, top + side
    return objects, boxes


def test_visibility_equals_counting_pixels():
    objects, boxes = _crops(200, 0)
    shown = visibility(torch.from_numpy(objects), torch.from_numpy(boxes))
    canvas = 2 * SIZE  # objects may stand out of the picture
    seen = set()
    for row in range(len(objects)):
        expected = np.zeros(len(OBJECTS))
        x0, y0, x1, y1 = boxes[row].astype(int)
        for index, *edges in objects[row].astype(int):
            if index < 0:
                continue
            mask = np.zeros((canvas, canvas), bool)
            mask[edges[1] : edges[3], edges[0] : edges[2]] = True
            total, inside = mask.sum(), mask[y0:y1, x0:x1].sum()
            part, share = inside / total, inside / ((x1 - x0) * (y1 - y0))
            if part < HIDDEN:
                expected[index] = 0
            elif (part > VISIBLE and share > SMALLEST) or share > 0.45:
                expected[index] = 1
            else:
                expected[index] = -1
        seen |= set(expected)
        assert np.array_equal(shown[row].numpy(), expected)
    assert seen == {-1, 0, 1}


def _true(caption: captions.Caption, shown, background: int, style: int) -> int:
    """Say by plain logic whether a caption is true of a crop: 1, 0, or -1 where nobody can say."""
    states = [int(shown[index]) for index in caption.objects]
    if any(state == 0 for state in states):
        return 0
    if caption.background not in (-1, background) or caption.style not in (-1, style):
        return 0
    return -1 if -1 in states else 1


def test_truth_equals_brute_force():
    rng = np.random.default_rng(1)
    shown = torch.from_numpy(
        rng.choice([-1.0, 0.0, 1.0], (60, len(OBJECTS)), p=[0.2, 0.5, 0.3]).astype(np.float32)
    )
    labels = torch.from_numpy(
        np.stack([rng.integers(0, len(BACKGROUNDS), 60), rng.integers(0, len(STYLES), 60)], 1)
    )
    texts = captions.canonical()
    for _ in range(60):
        things = tuple(int(i) for i in rng.choice(len(OBJECTS), rng.integers(0, 3), replace=False))
        place = int(rng.integers(-1, len(BACKGROUNDS)))
        texts.append(captions.compose(things, place, int(rng.integers(-1, len(STYLES))), rng))
    truth = truth_of(texts, shown, labels)
    expected = [
        [_true(text, shown[row], *labels[row].tolist()) for text in texts] for row in range(60)
    ]
    assert np.array_equal(truth.numpy(), np.array(expected))
    assert {-1, 0, 1} == set(truth.flatten().tolist())


def test_captions_are_true_of_the_crop_they_are_made_for():
    rng = np.random.default_rng(2)
    for _ in range(200):
        shown = torch.from_numpy(rng.choice([-1.0, 0.0, 1.0], len(OBJECTS)).astype(np.float32))
        label = torch.tensor([rng.integers(len(BACKGROUNDS)), rng.integers(len(STYLES))])
        caption = caption_of(shown, label, rng)
        assert caption.text
        assert truth_of([caption], shown[None], label[None]).item() == 1


def test_tokenizer_knows_every_word_of_the_grammar():
    tokenizer, rng = word_tokenizer(captions.words(), captions.LENGTH), np.random.default_rng(3)
    for _ in range(500):
        things = tuple(int(i) for i in rng.choice(len(OBJECTS), rng.integers(0, 3), replace=False))
        place, style = int(rng.integers(-1, len(BACKGROUNDS))), int(rng.integers(-1, len(STYLES)))
        if not things and place < 0 and style < 0:
            continue
        text = captions.compose(things, place, style, rng).text
        tokens = tokenizer(text)["input_ids"]
        assert tokenizer.unk_token_id not in tokens, text
        assert len(tokens) <= captions.LENGTH
        assert tokens[0] == tokenizer.bos_token_id
        assert tokens[-1] == tokenizer.eos_token_id


def test_judge_looks_at_each_picture_alone():
    encoder = load(asset("judge-mini"))
    meadow, night = (
        torch.from_numpy(np.clip(PAINTERS[name](np.random.default_rng(0)), 0, 1)).permute(2, 0, 1)
        for name in ("meadow", "night")
    )
    of, prompts = JUDGES["judge-mini"], ["a meadow", "a starry night"]
    counts = recognised(encoder, of, torch.stack([meadow, night, meadow]), prompts)
    assert counts.shape == (3, 2)
    assert (counts >= 0).all()
    assert (counts.sum(1) <= CUTOUTS).all()
    assert torch.equal(counts[0], counts[2])
    assert torch.equal(counts[1:2], recognised(encoder, of, night[None], prompts))


def test_hardest_change_is_as_long_as_allowed_and_along_the_gradient():
    crops = torch.full((3, 3, 8, 8), 0.5)
    slope = torch.randn(crops.shape, generator=torch.Generator().manual_seed(1))
    change = hardest(crops, lambda seen: (seen * slope).sum()) - crops
    assert change.flatten(1).norm(dim=1) == pytest.approx([RADIUS] * 3, abs=1e-4)
    along = torch.nn.functional.cosine_similarity(change.flatten(1), slope.flatten(1))
    assert along == pytest.approx([1.0] * 3, abs=1e-4)


def test_hardest_change_stays_a_picture():
    crops = torch.linspace(0, 1, 3 * 64).reshape(1, 3, 8, 8)
    hard = hardest(crops, lambda seen: seen.sum())
    assert hard.max() == 1
    assert hard.min() >= 0
    assert 0 < float((hard - crops).norm()) <= RADIUS
