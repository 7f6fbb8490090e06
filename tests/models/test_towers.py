"""The shipped CLIPs compute what transformers computes from the same files."""

from __future__ import annotations

import subprocess
import sys

import pytest
import torch
from helpers import uniform
from transformers import AutoTokenizer, CLIPModel

from otgen.guidance.clip import load
from otgen.models.catalogue import asset

SHIPPED = ("clip-mini", "judge-mini", "storybook-clip", "storybook-judge")
TEXTS = ["a cat", "A castle in the  snow", "cat"]


@pytest.mark.parametrize("name", SHIPPED)
def test_towers_and_words_are_those_of_transformers_bit_for_bit(name):
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
    for kind in (torch.float32, torch.bfloat16):
        with torch.autocast("cpu", torch.bfloat16, enabled=kind is torch.bfloat16):
            found, expected = (
                model.get_image_features(pixel_values=crops).pooler_output
                for model in (ours.model, theirs)
            )
        assert found.dtype is kind
        assert torch.equal(found, expected)
        slopes = [torch.autograd.grad(u.float().square().sum(), crops) for u in (found, expected)]
        assert torch.equal(slopes[0][0], slopes[1][0])


def test_a_painter_that_ships_loads_nothing_of_transformers_and_diffusers():
    program = (
        "import sys; from otgen.run.painting import warmed; from otgen.recipe.settings import *;"
        "from otgen.recipe.prompts import Prompt; from otgen.run.plan import plan;"
        "warmed(plan(Settings((Prompt('a cat'), Prompt('a castle')), 'vqgan-mini', steps=1,"
        " cutouts=4)));"
        "print(*(name for name in ('transformers', 'diffusers', 'scipy.stats', 'scipy.optimize',"
        " 'matplotlib.figure') if name in sys.modules))"
    )
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert (found.returncode, found.stdout.strip()) == (0, ""), found.stderr[-2000:]
