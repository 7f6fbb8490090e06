"""Pictures to start from, as people have them."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from otgen.recipe.prompts import InputError
from otgen.results import uploads


def test_grey_of_16_bits_keeps_its_ramp(tmp_path, monkeypatch):
    monkeypatch.setenv("OTGEN_CACHE", str(tmp_path))
    ramp = np.linspace(0, 65535, 256).astype(np.uint16)[None].repeat(128, 0)
    Image.fromarray(ramp).save(tmp_path / "ramp.png")
    read = uploads.read(uploads.keep(tmp_path / "ramp.png"), 128, 256)
    np.testing.assert_allclose(read[64], np.linspace(0, 1, 256)[:, None].repeat(3, 1), atol=0.01)


def test_missing_file_is_named(tmp_path):
    with pytest.raises(InputError, match=r"There is no file .*missing\.png"):
        uploads.keep(tmp_path / "missing.png")
