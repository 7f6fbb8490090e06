"""The tokenizer of a small world's CLIP: whole words, in lower case."""

from __future__ import annotations

from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
from transformers import PreTrainedTokenizerFast

START, END, PAD, UNKNOWN = "<start>", "<end>", "<pad>", "<unk>"


def word_tokenizer(words: tuple[str, ...], longest: int) -> PreTrainedTokenizerFast:
    """Return a tokenizer that knows these words; a text has at most ``longest`` tokens."""
    # The end token comes last. Where its id is 2, transformers pools a text at the largest id in
    # it instead, and sees none of the words behind that one.
    ids = {token: id for id, token in enumerate([PAD, START, UNKNOWN, *words, END])}
    fast = Tokenizer(models.WordLevel(ids, unk_token=UNKNOWN))
    fast.normalizer = normalizers.Lowercase()
    fast.pre_tokenizer = pre_tokenizers.Whitespace()
    fast.post_processor = processors.TemplateProcessing(
        single=f"{START} $A {END}", special_tokens=[(START, ids[START]), (END, ids[END])]
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=fast,
        model_max_length=longest,
        bos_token=START,
        eos_token=END,
        pad_token=PAD,
        unk_token=UNKNOWN,
    )
