"""Models are loaded one at a time."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from otgen.run import pool

NAMES = ("generator_of", "encoder_of", "judge_of")


@pytest.fixture
def cold():
    """Nothing is in memory, before and after."""
    for name in NAMES:
        getattr(pool, name).cache_clear()
    yield
    for name in NAMES:
        getattr(pool, name).cache_clear()


def test_threads_that_load_at_once_load_one_after_another(cold, monkeypatch):
    at_once, most = [], []
    lock, asked, all_asked = pool._loading, [], threading.Event()
    read = pool.ENCODERS["clip-mini"], pool.judge.judge, pool.BUILDERS["vqgan-mini"].build

    def counted(load):
        def run(*arguments):
            at_once.append(None)
            most.append(len(at_once))
            assert all_asked.wait(60)
            try:
                return load(*arguments)
            finally:
                at_once.pop()

        return run

    class Noted:
        """The lock; whoever loads first goes on once the others wait for it."""

        def __enter__(self):
            asked.append(None)
            if len(asked) == 3:
                all_asked.set()
            lock.acquire()

        def __exit__(self, *_):
            lock.release()

    monkeypatch.setattr(pool, "_loading", Noted())
    monkeypatch.setitem(pool.ENCODERS, "clip-mini", counted(read[0]))
    monkeypatch.setattr(pool.judge, "judge", counted(read[1]))
    builder = pool.BUILDERS["vqgan-mini"]._replace(build=counted(read[2]))
    monkeypatch.setitem(pool.BUILDERS, "vqgan-mini", builder)
    with ThreadPoolExecutor(3) as threads:
        encoder = threads.submit(pool.encoder_of, "clip-mini")
        generator = threads.submit(pool.generator_of, "vqgan-mini")
        judge = threads.submit(pool.judge_of, "judge-mini")
        models = (encoder.result().model, generator.result().autoencoder, judge.result().model)
    assert most == [1, 1, 1]
    for model in models:
        assert not any(part.is_meta for part in model.parameters())
