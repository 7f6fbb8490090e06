"""The time-lapse of made-up and real runs, read back with a decoder."""

from __future__ import annotations

import io
import tempfile

import av
import numpy as np
import pytest
from records import record

from otgen.explain import timelapse

LONG = "a lane with <b>quite</b> a long name, 猫 $x$ " * 5


def decoded(film: bytes) -> tuple[av.codec.context.CodecContext, list[np.ndarray]]:
    with av.open(io.BytesIO(film)) as container:
        stream = container.streams.video[0]
        pictures = [frame.to_ndarray(format="rgb24") for frame in container.decode(stream)]
        return stream.codec_context, pictures


@pytest.mark.parametrize("shape", [(48, 64), (64, 47), (1, 64)])
@pytest.mark.parametrize("lanes", [("ot",), ("ot", "mean"), ("ot", "mean", LONG, "a", "b")])
def test_film_is_h264_with_even_sides_and_every_kept_step(lanes, shape):
    made = record(lanes, m=2, moments=3)
    frames = np.random.default_rng(0).integers(0, 256, (3, len(lanes), *shape, 3), dtype=np.uint8)
    codec, pictures = decoded(timelapse.film(made._replace(frames=frames)))
    assert (codec.name, codec.pix_fmt) == ("h264", "yuv420p")
    assert codec.width % 2 == codec.height % 2 == 0
    assert codec.width <= timelapse.WIDEST
    assert len(pictures) == 3 + timelapse.HOLD


def test_frames_show_the_lanes_of_their_moment():
    made = record(m=2, moments=3)
    colours = np.array([[[250, 20, 20], [20, 250, 20]], [[20, 20, 250], [250, 250, 20]],
                        [[20, 20, 20], [250, 250, 250]]], np.uint8)  # fmt: skip
    frames = np.broadcast_to(colours[:, :, None, None], (3, 2, 48, 64, 3))
    made = made._replace(frames=np.ascontiguousarray(frames))
    _, pictures = decoded(timelapse.film(made))
    across, down, width, _ = timelapse.layout(made)
    for moment, picture in enumerate(pictures):
        for lane, x in enumerate((across // 2, width - across // 2)):
            shown = picture[44 + down // 2, x].astype(int)
            wanted = colours[min(moment, 2), lane].astype(int)
            assert np.abs(shown - wanted).max() < 25  # halved colours and compression


def test_film_of_a_run_that_stopped_at_once_holds_its_only_frame():
    _, pictures = decoded(timelapse.film(record(m=2, moments=1)))
    assert len(pictures) == 1 + timelapse.HOLD


def test_film_is_small_starts_with_its_index_and_leaves_no_file(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    film = timelapse.film(record(("ot", "mean", "a", "b", "c"), m=2, moments=25))  # noise
    assert len(film) < 3_000_000
    assert 0 < film.find(b"moov") < film.find(b"mdat")
    assert list(tmp_path.iterdir()) == []
