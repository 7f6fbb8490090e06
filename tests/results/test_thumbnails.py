"""Small pictures of a result."""

import io
import json

import numpy as np
import pytest
from kept import kept, number
from PIL import Image

from otgen.results.store import read
from otgen.results.thumbnails import CARD, SEAM, SIDE, _places, card, thumbnail


def _opened(data: bytes) -> Image.Image:
    return Image.open(io.BytesIO(data))


def test_thumbnail_holds_both_lanes_and_is_small(tmp_path):
    saved = kept(tmp_path, number(1))
    data = thumbnail(saved)
    assert len(data) < 40_000
    picture = _opened(data)
    assert (picture.format, picture.size) == ("WEBP", (2 * SIDE + SEAM, SIDE))
    with Image.open(saved.folder / "ot.png") as lane:
        wanted = np.asarray(
            lane.convert("RGB").resize((SIDE, SIDE), Image.Resampling.LANCZOS), float
        )
    left = np.asarray(picture.convert("RGB"), float)[:, :SIDE]
    assert np.abs(left - wanted).mean() < 12  # of 255: WebP at quality 82


def test_single_lane_stands_in_the_middle(tmp_path):
    saved = kept(tmp_path, number(1))
    data = json.loads((saved.folder / "result.json").read_text())
    data["settings"]["lanes"] = ["ot"]
    (saved.folder / "result.json").write_text(json.dumps(data))
    alpha = np.asarray(_opened(thumbnail(read(saved.folder))).convert("RGBA"))[..., 3]
    left = (2 * SIDE + SEAM - SIDE) // 2
    assert alpha[:, left : left + SIDE].min() == 255
    assert alpha[:, :left].max() == 0


@pytest.mark.parametrize("lanes", [1, 2, 3, 4, 5, 6])
@pytest.mark.parametrize("room", [(384, 192, 0, 0), (1120, 550, 44, 40)])
def test_places_stay_inside_and_apart(lanes, room):
    width, height, gap, below = room
    side, corners = _places(lanes, *room)
    assert len(corners) == lanes
    for left, top in corners:
        assert 0 <= left <= width - side
        assert 0 <= top <= height - side - below
    for index, (left, top) in enumerate(corners):
        for other_left, other_top in corners[:index]:
            apart = (abs(left - other_left), abs(top - other_top))
            assert apart[0] >= side + gap or apart[1] >= side + gap


def test_card_has_the_size_that_previews_have(tmp_path):
    picture = _opened(card(kept(tmp_path, number(1))))
    assert (picture.format, picture.size) == ("JPEG", CARD)


@pytest.mark.parametrize("content", [b"", b"GIF89a", b"\x89PNG\r\n\x1a\n" + b"\0" * 40])
def test_broken_picture_gives_none(tmp_path, content):
    saved = kept(tmp_path, number(1))
    (saved.folder / "mean.png").write_bytes(content)
    assert thumbnail(saved) is None
    assert card(saved) is None


def test_picture_that_is_there_again_is_drawn(tmp_path):
    saved = kept(tmp_path, number(1))
    away = (saved.folder / "mean.png").rename(tmp_path / "away.png")
    assert thumbnail(saved) is None
    assert card(saved) is None
    away.rename(saved.folder / "mean.png")
    assert thumbnail(saved)
    assert card(saved)
