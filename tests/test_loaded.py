"""Models are loaded one at a time."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from otgen import loaded

NAMES = ("generator_of", "encoder_of", "the_judge")


@pytest.fixture
def cold():
    """Nothing is in memory, before and after."""
    for name in NAMES:
        getattr(loaded, name).cache_clear()
    yield
    for name in NAMES:
        getattr(loaded, name).cache_clear()


def test_threads_that_load_at_once_load_one_after_another(cold, monkeypatch):
    at_once, most = [], []
    read = loaded.load, loaded.judge.judge, loaded.card("vqgan-mini").build

    def counted(load):
        def run(*arguments):
            at_once.append(None)
            most.append(len(at_once))
            time.sleep(0.05)  # the others have begun
            try:
                return load(*arguments)
            finally:
                at_once.pop()

        return run

    monkeypatch.setattr(loaded, "load", counted(read[0]))
    monkeypatch.setattr(loaded.judge, "judge", counted(read[1]))
    card = loaded.card("vqgan-mini")._replace(build=counted(read[2]))
    monkeypatch.setattr(loaded, "card", lambda name: card)
    with ThreadPoolExecutor(3) as threads:
        encoder = threads.submit(loaded.encoder_of, "clip-mini")
        generator = threads.submit(loaded.generator_of, "vqgan-mini")
        judge = threads.submit(loaded.the_judge)
        models = (encoder.result().model, generator.result().autoencoder, judge.result().model)
    assert most == [1, 1, 1]
    for model in models:
        assert not any(part.is_meta for part in model.parameters())
