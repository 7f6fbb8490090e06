"""The table of weights is whole, and what names a revision is stable."""

from __future__ import annotations

import re

import pytest

from otgen.guidance.clip import ENCODERS
from otgen.models import catalogue
from otgen.models.catalogue import TABLE
from otgen.painters.catalogue import GENERATORS
from otgen.recipe.settings import rule

UNPINNED = {"biggan-128", "biggan-512"}  # nobody states their SHA-256


def test_every_file_that_holds_numbers_is_pinned():
    for name, model in TABLE.items():
        assert model.sources, name
        assert model.licence, name
        assert model.terms.startswith("https://"), name
        assert model.memory > 0, name
        for source in model.sources:
            hashed = all(file.sha256 for file in model.files)
            if name in UNPINNED:  # converted: names, shapes and numbers are checked
                assert not hashed
                assert model.convert
                assert source.address.startswith("https://")
            else:
                assert re.fullmatch("[0-9a-f]{40}", source.revision) or hashed, name
            assert source.folder in ("", source.folder.rstrip("/") + "/"), name
        for file in model.files:
            assert file.sha256 is None or re.fullmatch("[0-9a-f]{64}", file.sha256), name
            assert (file.sha256 is None) == (file.bytes is None), name


def test_a_model_of_unknown_size_counts_as_its_parameters():
    for name in (
        "clip-vit-b32",
        "clip-vit-l14",
        "laion-b32",
    ):  # of known sizes: so good is the guess
        weights = TABLE[name]
        assert weights.measured
        assert weights.download == pytest.approx(weights.memory, rel=1e-3)
    assert not TABLE["clip-vit-b16"].measured
    assert TABLE["clip-vit-b16"].download == TABLE["clip-vit-b16"].memory


def test_checkpoints_of_the_paper_have_three_mirrors():
    for name in ("vqgan-imagenet", "vqgan-wikiart"):
        assert len({source.repository for source in TABLE[name].sources}) == 3
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
    revisions = catalogue.revisions("vqgan-mini", "vqgan-imagenet", "clip-vit-b32")
    assert revisions["vqgan-imagenet"] == "845a68805098"
    assert revisions["clip-vit-b32"] == "3d74acf9a28c"
    assert catalogue.revision("biggan-256") == "5900ef406504"
    assert re.fullmatch("[0-9a-f]{12}", catalogue.revision("biggan-128"))
    assert catalogue.revision("biggan-128") != catalogue.revision("biggan-512")
    assert re.fullmatch("[0-9a-f]{12}", revisions["vqgan-mini"])


def test_every_downloaded_model_is_in_the_notices():
    notices = (catalogue.ASSETS.parent / "NOTICES.md").read_text()
    for name, model in TABLE.items():
        (row,) = [row for row in notices.splitlines() if row.startswith(f"| `{name}` |")]
        assert model.sources[0].repository in row, name
        assert model.terms in row, name
