"""Whose answer a page shows: the last asked for, and no event that goes on by itself."""

from __future__ import annotations

import json
import time
import urllib.request

from conftest import PATIENCE
from pages import advanced, choose


def events(server) -> list[dict]:
    """Return what Gradio's browser side knows of the page's events."""
    with urllib.request.urlopen(server.address + "config") as answer:
        return json.load(answer)["dependencies"]


def test_nothing_is_dropped_while_the_page_loads(server):
    """Of an event in the mode "once", a trigger that comes while another is at work is dropped."""
    of_once = (event["targets"] for event in events(server) if event["trigger_mode"] == "once")
    once = [targets for targets in of_once if targets]
    assert once
    for targets in once:
        assert len({trigger == "load" for _, trigger in targets}) == 1, targets


def test_no_action_waits_in_the_browser(server):
    """It would be numbered when it is sent, after what a person did meanwhile."""
    waiting = [
        function["targets"]
        for function in events(server)
        if function["backend_fn"] and function["queue"] and function["trigger_mode"] != "multiple"
    ]
    assert waiting
    assert {event for targets in waiting for _, event in targets} == {"load"}


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
    page.wait_for_timeout(1000)
    assert asked
    for _ in range(PATIENCE // 2):  # a slow machine has much to answer; a loop never ends
        asked.clear()
        page.wait_for_timeout(2000)
        if not asked:
            return
    raise AssertionError(f"still asking: {asked}")
