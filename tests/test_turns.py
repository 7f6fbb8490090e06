"""Whose answer a page shows: the last asked for, and no event that goes on by itself."""

from __future__ import annotations

import json
import time
import urllib.request
from collections import Counter

from test_painters import advanced, choose


def test_event_has_at_most_one_function_that_waits_for_its_turn(server):
    """Two of them start each other for ever in the browser."""
    with urllib.request.urlopen(server.address + "config") as answer:
        page = json.load(answer)
    waiting = Counter(
        tuple(target)
        for function in page["dependencies"]
        if function["backend_fn"] and function["trigger_mode"] == "always_last"
        for target in function["targets"]
        if target[0] is not None  # “then” is each its own
    )
    assert waiting
    assert max(waiting.values()) == 1


def test_page_at_rest_asks_nothing(visit):
    page = visit()
    advanced(page)
    asked = []

    def late(route):
        asked.append(route.request.url)
        time.sleep(0.05)  # answers overlap, as over a network
        route.continue_()

    page.route("**/gradio_api/queue/join*", late)
    steps, cutouts = (page.get_by_label(name, exact=True) for name in ("Steps", "Cutouts"))
    for title in ("VQGAN, mini", "Diffusion, mini") * 2:
        choose(page, title)
        for given in ("20", "21"):
            steps.fill(given)
            cutouts.fill(given)
    page.wait_for_timeout(3000)
    assert asked
    asked.clear()
    page.wait_for_timeout(2000)
    assert not asked
