"""The table of weights is whole, and what names a revision is stable."""

from __future__ import annotations

import re

import pytest

from otgen.guidance.clip import ENCODERS
from otgen.models import catalogue
from otgen.models.catalogue import TABLE
from otgen.painters.catalogue import GENERATORS
from otgen.recipe.settings import rule


def test_every_file_that_holds_numbers_is_pinned():
    for name, model in TABLE.items():
        assert model.sources, name
        assert model.licence, name
        assert model.memory > 0, name
        for source in model.sources:
            hashed = all(file.sha256 for file in model.files)
            assert re.fullmatch("[0-9a-f]{40}", source.revision) or hashed, name
            assert source.folder in ("", source.folder.rstrip("/") + "/"), name
        for file in model.files:
            assert file.sha256 is None or re.fullmatch("[0-9a-f]{64}", file.sha256), name
            assert (file.sha256 is None) == (file.bytes is None), name


def test_a_model_of_unknown_size_counts_as_its_parameters():
    for name in ("clip-vit-b32", "clip-vit-l14"):  # whose sizes are known: so good is the guess
        weights = TABLE[name]
        assert weights.measured
        assert weights.download == pytest.approx(weights.memory, rel=1e-3)
    for name in ("clip-vit-b16", "laion-b32"):
        assert not TABLE[name].measured
        assert TABLE[name].download == TABLE[name].memory


def test_checkpoints_of_the_paper_have_a_second_mirror():
    for name in ("vqgan-imagenet", "vqgan-wikiart"):
        assert len({source.repository for source in TABLE[name].sources}) == 2
        assert TABLE[name].convert
        assert TABLE[name].files[0].sha256


def test_tables_of_names_agree():
    assert tuple(ENCODERS) == rule("encoder").allowed
    for name in ENCODERS:
        assert name in TABLE or catalogue.asset(name).is_dir()
    for card in GENERATORS.values():
        assert card.encoder in ENCODERS
        for name in card.weights:
            assert name in TABLE or catalogue.asset(name).is_dir()


def test_revision_is_twelve_digits_for_shipped_and_downloaded_models():
    found = catalogue.revisions("vqgan-mini", "vqgan-imagenet", "clip-vit-b32")
    assert found["vqgan-imagenet"] == "845a68805098"
    assert found["clip-vit-b32"] == "3d74acf9a28c"
    assert re.fullmatch("[0-9a-f]{12}", found["vqgan-mini"])
