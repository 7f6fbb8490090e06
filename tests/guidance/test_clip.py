"""Embeddings: unit vectors, words a small model can't know, prompts too long for the encoder."""

from __future__ import annotations

import threading

import pytest
import torch
from helpers import slope, tiny_encoder, uniform
from model_folders import tokenizer_files
from transformers import CLIPImageProcessorPil

from otgen.guidance.clip import load, normalise
from otgen.guidance.reading import Pieces
from otgen.guidance.words import _examples
from otgen.models.catalogue import asset
from otgen.recipe.prompts import InputError
from otgen.world.mini import captions as mini
from otgen.world.storybook import captions as storybook


@pytest.fixture(scope="module")
def encoder():
    return tiny_encoder()


def test_normalise_equals_the_processor_of_clip():
    crops = uniform(2, 3, 224, 224)
    processor = CLIPImageProcessorPil(do_rescale=False, do_resize=False, do_center_crop=False)
    expected = processor(list(crops.permute(0, 2, 3, 1).numpy()), return_tensors="pt").pixel_values
    assert (normalise(crops) - expected).abs().max() < 1e-5  # float32


def test_texts_are_unit_vectors_whatever_stands_beside_them(encoder):
    long = "a watercolour of a cat and a castle in a forest"
    v = encoder.texts(["a cat", long])
    assert v.shape == (2, 16)
    assert (v.norm(dim=-1) - 1).abs().max() < 1e-6
    # Padding behind the end must not be seen; only the order of float32 sums may differ.
    assert (v[:1] - encoder.texts(["a cat"])).abs().max() < 1e-5
    assert torch.equal(encoder.texts(["A  CAT"]), encoder.texts(["a cat"]))
    assert not v.requires_grad


def test_crops_are_unit_vectors_with_gradients(encoder):
    crops = uniform(4, 3, encoder.side, encoder.side).requires_grad_()
    weight = uniform(4, 16, seed=1)

    def value(crops):
        return (encoder.crops(crops) * weight).sum().double()

    u = encoder.crops(crops)
    assert (u.norm(dim=-1) - 1).abs().max() < 1e-6
    (grad,) = torch.autograd.grad(value(crops), crops)
    direction = grad / grad.norm()
    expected = slope(value, crops.detach(), direction, 0.05)
    assert float((grad * direction).sum()) == pytest.approx(
        expected, rel=0.03
    )  # width squared, curvature


@pytest.mark.parametrize(
    ("word", "named"),
    [
        *(("dragon", "“dragon”"), ("猫", "“猫”"), ("🐈", "“🐈”"), ("$", "“$”"), ("2", "“2”")),
        ("<b>", "“<”, “b”, “>”"),
    ],
)
def test_unknown_word_is_named_with_a_few_that_it_knows(encoder, word, named):
    with pytest.raises(InputError) as wrong:
        encoder.texts(["a cat", f"a {word}"])
    assert named in str(wrong.value)
    assert "castle" in str(wrong.value)
    assert "<unk>" not in str(wrong.value)
    assert len(str(wrong.value)) < 250


def test_unknown_word_is_told_with_the_nearest_one_it_knows(encoder):
    with pytest.raises(InputError, match=r"does not know “castel”; .*such as castle, cat"):
        encoder.texts(["a castel"])


def test_long_prompt_is_refused_not_cut(encoder):
    fits = " ".join(["cat"] * 22)
    assert encoder.texts([fits]).isfinite().all()
    with pytest.raises(InputError, match=r"23 words.*reads 22"):
        encoder.texts([fits + " castle"])


@pytest.mark.parametrize("name", ["clip-mini", "judge-mini", "storybook-clip"])
def test_shipped_encoders_load(name):
    encoder = load(asset(name))
    u = encoder.crops(uniform(2, 3, encoder.side, encoder.side))
    v = encoder.texts(["a cat", "a castle"])
    assert u.shape == v.shape
    assert (u @ v.T).abs().max() <= 1 + 1e-6
    assert not any(parameter.requires_grad for parameter in encoder.model.parameters())
    assert {"cat", "castle", "sunset"} <= set(encoder.reader.vocabulary.known)


def test_examples_are_words_of_the_tokenizer_in_either_world():
    for known in (storybook.words(), mini.words()):
        words = _examples(["catt", "zeppelin"], known)
        assert len(words) == len(set(words)) == 5
        assert words[0] == "cat"
        assert set(words) <= set(known)
    assert _examples(["dragonn"], storybook.words())[0] == "dragon"
    assert _examples(["dragonn"], ("a", "cup")) == []


def test_punctuation_says_nothing_to_an_encoder_of_whole_words(encoder):
    v = encoder.texts(["a cat, a castle.", "a cat a castle"])
    torch.testing.assert_close(v[0], v[1])


def test_threads_that_share_a_tokenizer_of_pieces_leave_each_other_s_padding_alone(
    tmp_path, monkeypatch
):
    reader = Pieces(tokenizer_files(tmp_path), 77)
    other = threading.Thread(target=reader.truncated, args=(["a tree"],))
    pad = type(reader.tokenizer).set_truncation_and_padding

    def padded(tokenizer, *args, **named) -> None:
        """Let the other thread read between the padding of this one and its reading, if it may."""
        pad(tokenizer, *args, **named)
        if threading.current_thread() is not other:
            other.start()
            other.join(0.2)

    monkeypatch.setattr(type(reader.tokenizer), "set_truncation_and_padding", padded)
    assert reader.tokens(["a cat", "a cat and a tree"])["input_ids"].shape[0] == 2
    other.join()


def test_other_number_of_a_known_word_is_read_as_that(encoder):
    plain, other = ["a cat", "a tree in a forest"], ["a cats", "a trees in a Forests"]
    assert torch.equal(encoder.texts(plain), encoder.texts(other))
    with pytest.raises(InputError, match="“as”"):  # no plural of “a”
        encoder.texts(["as"])
