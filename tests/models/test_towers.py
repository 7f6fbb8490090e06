"""The shipped CLIPs compute what transformers computes from the same files."""

from __future__ import annotations

import subprocess
import sys

import pytest
import torch
from helpers import uniform
from transformers import AutoTokenizer, CLIPModel

from otgen.guidance.clip import load
from otgen.models import precision
from otgen.models.catalogue import asset

SHIPPED = ("clip-mini", "judge-mini", "storybook-clip", "storybook-judge")
TEXTS = ["a cat", "A castle in the  snow", "cat"]


@pytest.mark.parametrize("name", SHIPPED)
def test_towers_and_words_are_those_of_transformers(name):
    theirs = CLIPModel.from_pretrained(
        asset(name), dtype=torch.float32, attn_implementation="eager", local_files_only=True
    ).eval()
    tokenizer = AutoTokenizer.from_pretrained(asset(name), local_files_only=True)
    ours = load(asset(name))
    assert ours.model.state_dict().keys() == theirs.state_dict().keys()
    special = set(tokenizer.all_special_tokens)
    known = tuple(sorted(word for word in tokenizer.get_vocab() if word not in special))
    ends = tokenizer.num_special_tokens_to_add()
    assert ours.reader.vocabulary == (known, tokenizer.model_max_length - ends)

    tokens = tokenizer(TEXTS, padding=True, return_tensors="pt")
    assert torch.equal(ours.reader.tokens(TEXTS)["input_ids"], tokens["input_ids"])
    with torch.no_grad():
        expected = theirs.get_text_features(**tokens).pooler_output
        assert torch.equal(ours.model.get_text_features(tokens["input_ids"])[0], expected)

    crops = uniform(3, 3, ours.side, ours.side).requires_grad_()
    actual, expected = (
        model.get_image_features(pixel_values=crops).pooler_output for model in (ours.model, theirs)
    )
    # The order of float32 sums: transformers computes the last layer for every token.
    assert (actual - expected).abs().max() < 1e-5 * expected.abs().max()
    slopes = [torch.autograd.grad(u.square().sum(), crops)[0] for u in (actual, expected)]
    assert (slopes[0] - slopes[1]).abs().max() < 1e-4 * slopes[1].abs().max()


def test_bfloat16_weights_compute_what_autocast_does(monkeypatch):
    exact = load(asset("storybook-clip"))
    monkeypatch.setattr(precision, "_cpu_has_bf16", lambda: True)
    monkeypatch.delenv("OTGEN_PRECISION")
    lowered = load(asset("storybook-clip"))
    assert lowered.model.vision_model.post_layernorm.weight.dtype is torch.bfloat16
    assert torch.equal(lowered.texts(["a cat"]), exact.texts(["a cat"]))  # once a run: in float32
    crops, along = uniform(5, 3, 48, 48).requires_grad_(), uniform(5, 128, seed=1) - 0.5
    actual, expected = lowered.crops(crops), exact.crops(crops)
    assert actual.dtype is torch.float32
    assert (actual * expected).sum(-1).min() > 0.9999
    slopes = [
        torch.autograd.grad((u * along).sum(), crops)[0].flatten(1) for u in (actual, expected)
    ]
    assert torch.nn.functional.cosine_similarity(*slopes).min() > 0.999


def test_a_painter_that_ships_loads_nothing_of_transformers_and_diffusers():
    program = (
        "import sys; from otgen.run.painting import warmed; from otgen.recipe.settings import *;"
        "from otgen.recipe.prompts import Prompt; from otgen.run.plan import plan;"
        "warmed(plan(Settings((Prompt('a cat'), Prompt('a castle')), 'vqgan-mini', steps=1,"
        " cutouts=4)));"
        "print(*(name for name in ('transformers', 'diffusers', 'scipy.stats', 'scipy.optimize',"
        " 'matplotlib.figure') if name in sys.modules))"
    )
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert (ended.returncode, ended.stdout.strip()) == (0, ""), ended.stderr[-2000:]
