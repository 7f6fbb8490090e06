"""What the page says of a painter and of the machine that a result was painted on."""

from __future__ import annotations

from pathlib import Path

import pytest

from otgen.models.catalogue import TABLE
from otgen.painters.catalogue import GENERATORS, card
from otgen.recipe.prompts import Prompt
from otgen.recipe.settings import Settings
from otgen.results.result import Saved
from otgen.service.availability import Verdict
from otgen.ui.painter_card import facts, here
from otgen.ui.stage import result_line

PROMPTS = (Prompt("a cat"), Prompt("a castle"))


@pytest.mark.parametrize("generator", GENERATORS)
def test_card_says_what_a_painter_is_good_at_and_what_it_asks_for(generator):
    said = facts(generator, None)
    assert card(generator).best in said
    for row in ("Paints best", "Download", "Memory", "Licence"):
        assert f"<dt>{row}</dt>" in said


def test_card_tells_sizes_and_licences():
    paper = facts("vqgan-imagenet", None)
    assert "1.6 GB, once" in paper
    assert "vqgan-imagenet: not stated" in paper
    assert "CLIP code: MIT" in paper
    assert "creativeml-openrail-m" in facts("diffusion", None)
    assert "<dd>none</dd>" in facts("vqgan-mini", None)
    assert "605 MB, once" in facts("vqgan-mini", "clip-vit-b32")


def test_card_links_the_terms_of_what_is_downloaded():
    """Who hosts Stable Diffusion for others passes on its licence: section 4."""
    said = facts("diffusion", None)
    assert "creativeml-openrail-m, with use restrictions (<a href=" in said
    for name in card("diffusion").models():
        assert f'<a href="{TABLE[name].terms}" target="_blank" rel="noopener">' in said
    assert "<a " not in facts("vqgan-mini", None)


def test_painter_to_take_instead_is_a_button():
    assert here(Verdict(True, 0, None, "")) == ""
    assert "<button" not in here(Verdict(True, 0, 90.0, "It paints for about a minute."))
    offered = here(Verdict(False, 9, None, "No <weights>.", "vqgan-mini"), "A note.")
    assert "<p>A note.</p><p>No &lt;weights&gt;.</p>" in offered
    assert 'data-painter="vqgan-mini"' in offered
    assert GENERATORS["vqgan-mini"].title in offered


@pytest.mark.parametrize(
    ("device", "said"),
    [
        ({}, "seed 1234</span>"),
        ({"name": "CPU", "precision": "float32", "threads": 2}, "· on CPU in float32</span>"),
        (
            {"name": "NVIDIA <H100>", "precision": "bfloat16", "peak memory GB": 3.217},
            "· on NVIDIA &lt;H100&gt; in bfloat16, at most 3.2 GB of its memory</span>",
        ),
    ],
)
def test_result_line_says_the_machine_and_notes(device, said):
    note = "Prompt 2 has 92 tokens and clip-vit-b32 reads 75."
    saved = Saved("0" * 12, Path("none"), Settings(PROMPTS), True, 60, {}, 2.0, (note,), device)
    line = result_line(saved, "Painted")
    assert said in line
    assert f'<p class="note">{note}</p>' in line
