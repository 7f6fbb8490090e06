"""A run as a film: the lanes side by side, from the first kept step to the last.

PyAV encodes it in this process. Its wheels include FFmpeg's libraries and x264, so no other package
or program is needed. It is imported at the first film, as matplotlib is at the first still.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from otgen.explain.evidence import Record
from otgen.explain.plots.style import DARK, lane_title

RATE = 8  # kept steps a second
HOLD = 12  # frames that the last one stays
SIDE = 384  # pixels, a lane's longer side; less where many lanes must fit
WIDEST = 1920  # pixels
_GAP, _HEAD, _FOOT = 16, 44, 40  # pixels around the pictures
_BAR = 170  # pixels from the step's number to its bar
_X264 = {"crf": "20", "preset": "fast", "maxrate": "4M", "bufsize": "4M"}


class Layout(NamedTuple):
    """Pixels: a lane's picture, and the film, whose sides are even, as yuv420p needs them."""

    across: int
    down: int
    width: int
    height: int


def layout(record: Record) -> Layout:
    """Return the sizes of the film and its parts."""
    lanes, (height, width) = len(record.lanes), record.frames.shape[2:4]
    scale = min(SIDE, (WIDEST - _GAP) // lanes - _GAP) / max(height, width)
    across, down = max(1, round(width * scale)), max(1, round(height * scale))
    whole = _GAP + lanes * (across + _GAP), _HEAD + down + _FOOT
    return Layout(across, down, *(side + side % 2 for side in whole))


def still(record: Record, moment: int = -1) -> Image.Image:
    """Return one frame of the film."""
    across, down, *size = layout(record)
    board = Image.new("RGB", tuple(size), DARK.paper)
    pen = ImageDraw.Draw(board)
    for lane, name in enumerate(record.lanes):
        x = _GAP + lane * (across + _GAP)
        picture = Image.fromarray(record.frames[moment, lane])
        board.paste(picture.resize((across, down), Image.Resampling.BICUBIC), (x, _HEAD))
        pen.text((x, 12), _fitted(lane_title(name), across), DARK.ink, _font("bold"))
    step, last = int(record.moments[moment]), int(record.moments[-1])
    y, begin, end = _HEAD + down + 12, _GAP + _BAR, board.width - _GAP
    pen.text((_GAP, y), f"step {step} of {last}", DARK.soft, _font("normal"))
    if end > begin:
        done = begin + (end - begin) * step / max(last, 1)
        pen.rectangle((begin, y + 7, end, y + 10), DARK.faint)
        pen.rectangle((begin, y + 7, done, y + 10), DARK.ink)
    return board


def _fitted(text: str, room: int) -> str:
    """Shorten a title that is wider than its picture."""
    while len(text) > 1 and _font("bold").getlength(text) > room:
        text = text[:-2].rstrip() + "…"
    return text


def _font(weight: str) -> ImageFont.FreeTypeFont:
    """Return the font that matplotlib includes."""
    from matplotlib import font_manager

    wanted = font_manager.FontProperties(family="DejaVu Sans", weight=weight)
    return ImageFont.truetype(font_manager.findfont(wanted), 16)


def film(record: Record) -> bytes:
    """Return the film as MP4: H.264 in yuv420p, which plays everywhere, with its index in front.

    It has at most 25 kept steps of at most WIDEST pixels. It is a few seconds long, and 2 or 3 MB
    at most (measured on noise; 0.3 MB on pictures of the mini world).
    """
    import av

    _, _, width, height = layout(record)
    # The index is moved to the front when the film is complete: that takes a file.
    with tempfile.TemporaryDirectory(prefix="otgen-film-") as folder:
        file = Path(folder) / "film.mp4"
        with av.open(str(file), "w", format="mp4", options={"movflags": "+faststart"}) as target:
            stream = target.add_stream("libx264", rate=RATE, options=_X264)
            stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
            for moment in range(len(record.moments)):
                picture = np.asarray(still(record, moment))
                held = HOLD if moment == len(record.moments) - 1 else 0
                for _ in range(1 + held):
                    frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
                    target.mux(stream.encode(frame))
            target.mux(stream.encode())
        return file.read_bytes()
