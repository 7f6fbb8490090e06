"""Any picture that a person has, read as it is meant to be seen."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image, ImageCms

from otgen.recipe.prompts import InputError
from otgen.results import pictures

RED, GREEN, BLUE, WHITE = (255, 0, 0), (0, 128, 0), (0, 0, 255), (255, 255, 255)


def _file(picture: Image.Image, kind: str, **options) -> io.BytesIO:
    file = io.BytesIO()
    picture.save(file, kind, **options)
    return io.BytesIO(file.getvalue())


def _left_and_right(picture: Image.Image) -> list[tuple]:
    seen = pictures.read(picture) if isinstance(picture, Image.Image) else picture
    assert seen.mode == "RGB"
    return [seen.getpixel((at, seen.height // 2)) for at in (1, seen.width - 2)]


def _halves(mode: str = "RGB", left=RED, right=BLUE) -> Image.Image:
    picture = Image.new(mode, (32, 16), right)
    picture.paste(left, (0, 0, 16, 16))
    return picture


def _near(actual, expected, off: int = 6) -> None:
    np.testing.assert_allclose(actual, expected, atol=off)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF", "AVIF", "HEIF"])
def test_formats(kind):
    options = (
        {"lossless": True}
        if kind == "WEBP"
        else {"quality": 95}
        if kind in ("JPEG", "AVIF", "HEIF")
        else {}
    )
    read = pictures.read(_file(_halves(), kind, **options))
    _near(_left_and_right(read), [RED, BLUE], 12)


def test_transparent_is_white_in_every_mode():
    clear = _halves("RGBA", left=(*RED, 255), right=(0, 0, 0, 0))
    for picture in (clear, clear.quantize(16)):
        _near(_left_and_right(pictures.read(_file(picture, "PNG"))), [RED, WHITE])
    half = Image.new("LA", (32, 16), (0, 128))
    _near(_left_and_right(pictures.read(_file(half, "PNG"))), [(127,) * 3] * 2)
    paper = Image.new("P", (32, 16), 1)
    paper.putpalette([0, 0, 0, *GREEN])
    paper.paste(0, (16, 0, 32, 16))
    read = pictures.read(_file(paper, "PNG", transparency=0))
    _near(_left_and_right(read), [GREEN, WHITE])


def test_colours_of_print_and_of_a_profile_become_srgb():
    print_ = Image.new("CMYK", (32, 16), (0, 255, 255, 0))
    _near(_left_and_right(pictures.read(_file(print_, "JPEG", quality=95))), [RED] * 2, 12)
    lab = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB"))
    grey = Image.new("LAB", (32, 16), (128, 128, 128))  # of half the lightness
    read = pictures.read(_file(grey, "TIFF", icc_profile=lab.tobytes()))
    _near(_left_and_right(read), [(119, 119, 119)] * 2)


def test_profile_that_is_none_is_left_out():
    read = pictures.read(_file(_halves(), "PNG", icc_profile=b"no profile"))
    _near(_left_and_right(read), [RED, BLUE])


def test_greys_of_16_and_32_bits():
    ramp = np.linspace(0, 65535, 32).round()[None].repeat(16, 0)
    for picture, kind in (
        (Image.fromarray(ramp.astype(np.uint16)), "PNG"),
        (Image.fromarray((ramp / 65535).astype(np.float32)), "TIFF"),
    ):
        read = np.asarray(pictures.read(_file(picture, kind)))
        _near(read[8, :, 0], np.linspace(0, 255, 32), 1)


def test_camera_s_orientation_is_applied_and_broken_data_are_not():
    exif = Image.Exif()
    exif[0x0112] = 3  # upside down
    read = pictures.read(_file(_halves(), "PNG", exif=exif))
    _near(_left_and_right(read), [BLUE, RED])
    read = pictures.read(_file(_halves(), "PNG", exif=b"Exif\0\0broken"))
    _near(_left_and_right(read), [RED, BLUE])


def test_first_frame_of_an_animation():
    frames = [Image.new("RGB", (32, 16), colour) for colour in (RED, GREEN)]
    for kind in ("GIF", "WEBP", "PNG"):
        file = _file(frames[0], kind, save_all=True, append_images=frames[1:])
        _near(_left_and_right(pictures.read(file)), [RED] * 2, 12)


def test_truncated_picture_is_said_to_be_cut_off():
    whole = _file(Image.effect_noise((64, 64), 50), "PNG").getvalue()
    with pytest.raises(InputError, match="is cut off"):
        pictures.read(io.BytesIO(whole[: len(whole) // 2]))


@pytest.mark.parametrize("data", [b"", b"no picture", b"\x89PNG\r\n\x1a\n" + b"\0" * 50])
def test_what_is_no_picture_is_refused(data, tmp_path):
    file = tmp_path / "notes.png"
    file.write_bytes(data)
    with pytest.raises(InputError, match=r"notes\.png” is no picture that can be read: take a"):
        pictures.read(file)


def test_many_pixels_are_read_and_far_too_many_are_refused(monkeypatch):
    monkeypatch.setattr(pictures, "MOST_PIXELS", 500)
    monkeypatch.setattr(pictures, "_SIDE", 8)
    read = pictures.read(_file(_halves().resize((64, 32)), "JPEG", quality=95))
    assert read.width * read.height <= 500
    _near(_left_and_right(read), [RED, BLUE], 12)
    with pytest.raises(InputError, match="64 x 32 pixels; at most 0 million"):
        pictures.read(_file(_halves().resize((64, 32)), "PNG"))


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "P", "1", "L", "I;16", "I", "F", "CMYK", "LA"])
def test_far_larger_than_needed_is_averaged_and_looks_the_same(monkeypatch, mode):
    picture = _halves().resize((64, 32))
    if mode == "I;16":
        grey = np.asarray(picture.convert("L"), dtype=np.uint16) * 257
        picture = Image.fromarray(grey)
    else:
        picture = picture.convert(mode)
    whole = pictures.read(picture.copy())
    monkeypatch.setattr(pictures, "_SIDE", 8)
    small = pictures.read(picture.copy())
    assert (whole.size, small.size) == ((64, 32), (8, 4))
    _near(_left_and_right(small), _left_and_right(whole), 12)
