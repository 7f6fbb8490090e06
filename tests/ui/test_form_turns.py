"""Whose answer a page shows: the last asked for, and no event that goes on by itself."""

from __future__ import annotations

import json
import time
import urllib.request

from pages import advanced, choose
from playwright.sync_api import expect

from otgen.ui.pulse import BEAT, MISSED

SEARCH = "Search the prompts"
ROUNDS = 30  # answers may set others off, but not for ever


def config(server) -> dict:
    """Return what Gradio's browser side knows of the page."""
    with urllib.request.urlopen(server.address + "config") as answer:
        return json.load(answer)


def events(server) -> list[dict]:
    return config(server)["dependencies"]


def searching(server) -> set[int]:
    """Return the numbers of the gallery search's events."""
    parts = config(server)["components"]
    (box,) = (part["id"] for part in parts if part["props"].get("label") == SEARCH)
    every = events(server)
    return {event["id"] for event in every if box in (part for part, _ in event["targets"])}


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


def test_page_at_rest_asks_nothing(visit, server):
    page = visit(altered=True)
    advanced(page)
    asked, search = [], searching(server)

    def late(route):
        asked.append(route.request.post_data_json["fn_index"])
        time.sleep(0.05)  # answers overlap, as over a network
        route.continue_()

    page.route("**/gradio_api/queue/join*", late)
    steps, cutouts = (page.get_by_label(name, exact=True) for name in ("Steps", "Cutouts"))
    for title in ("VQGAN, mini", "Diffusion, mini") * 2:
        choose(page, title)
        for given in ("20", "21"):
            steps.fill(given)
            cutouts.fill(given)
    assert set(asked) - search
    quiet = 0  # rounds, one after another
    for turn in range(ROUNDS):
        server.rest()
        asked.clear()
        # Answers come to a page in one stream: that of a search, after all that have ended. What
        # those set off is asked for by the time the next one's has come.
        words, found = (("nothing", "Nothing here has these"), ("", "is kept here"))[turn % 2]
        page.get_by_label(SEARCH).fill(words)
        expect(page.locator("#gallery")).to_contain_text(found)
        assert set(asked) & search
        quiet = 0 if set(asked) - search else quiet + 1
        if quiet == 3:
            return
    raise AssertionError(f"still asking: {asked}")


def test_page_at_rest_loses_no_run(visit):
    """For longer than a page that watches one waits before it asks for it again."""
    page = visit()
    longer = 1000 * MISSED * BEAT + 1500  # milliseconds
    page.evaluate("(rest) => new Promise((rested) => setTimeout(rested, rest))", longer)
    expect(page.locator("#message")).to_have_text("")
