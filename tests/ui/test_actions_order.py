"""What a person did last wins, in whichever order the server starts the events; see ``Actions``."""

from __future__ import annotations

import asyncio
import logging
from itertools import permutations

import gradio as gr
import pytest
from helpers import finished

from otgen.ui import actions
from otgen.ui.actions import LOAD, Actions, Asked, Failing
from otgen.ui.messages import FAILED

ASKED = Asked((), {}, gr.EventData(None, None), "a page")


@pytest.fixture
def page():
    """Build three parts of a page, and what orders its actions."""

    async def build():  # Gradio makes an event loop where none runs, and leaves it open
        with gr.Blocks():
            return Actions(), gr.HTML(), gr.HTML(), gr.HTML()

    return finished(build())


def showing(*parts, value, read=()):
    """Return an action that claims parts and shows a value in each."""

    async def act(_, action):
        action.read(read)
        action.claim(*parts)
        yield dict.fromkeys(parts, value)

    return act


async def run(orders, number, act, failing=None) -> list:
    return [shown async for shown in orders.take("page", number, act, ASKED, failing)]


@pytest.mark.parametrize("started", list(permutations([LOAD, 1, 2])))
def test_last_number_is_what_is_on_show_in_every_order(page, started):
    orders, line, *_ = page
    seen = {}

    async def all_of_them():
        for number in started:
            for shown in await run(orders, number, showing(line, value=number)):
                seen.update({} if shown == gr.skip() else shown)

    finished(all_of_them())
    assert seen == {line: 2}


def test_action_in_progress_shows_nothing_more_of_what_a_later_one_claims(page):
    orders, line, form, message = page
    later = asyncio.Event()

    async def watch(_, action):
        action.claim(line, message)
        yield {line: "first", message: ""}
        await later.wait()
        assert action.holds(line)
        assert not action.holds(message)
        yield {line: "second", message: "too late"}

    async def both():
        watching = orders.take("page", 1, watch, ASKED)
        shown = [await anext(watching)]
        await run(orders, 2, showing(form, message, value="a file"))
        later.set()
        return shown + [more async for more in watching]

    assert finished(both()) == [{line: "first", message: ""}, {line: "second"}]


def test_load_leaves_alone_what_an_action_has_read_and_a_file_may_still_fill_it(page):
    orders, line, form, _ = page

    async def late(number):
        await run(orders, 2, showing(line, value="painted", read=[form]))
        return await run(orders, number, showing(line, form, value="late"))

    assert finished(late(LOAD)) == [gr.skip()]
    assert finished(late(1)) == [{form: "late"}]


def test_action_that_ended_without_a_word_keeps_nothing(page):
    orders, line, *_ = page

    async def cut_off(_, action):
        action.claim(line)
        await asyncio.Event().wait()
        yield {}

    async def lost_and_again():
        cut = asyncio.ensure_future(run(orders, 2, cut_off))
        await asyncio.sleep(0)
        assert await run(orders, 1, showing(line, value="early")) == [gr.skip()]
        cut.cancel()
        await asyncio.wait({cut})
        return await run(orders, 1, showing(line, value="again"))

    assert finished(lost_and_again()) == [{line: "again"}]


def test_failure_is_logged_told_and_puts_to_rest_what_is_its_own(page, caplog):
    orders, line, form, message = page

    async def fail(_, action):
        action.claim(line)
        yield {line: "begun"}
        raise RuntimeError("out of luck")

    failing = Failing(message, lambda: {line: "at rest", form: "not its own"})
    with caplog.at_level(logging.ERROR):
        begun, messages = finished(run(orders, 1, fail, failing))
    assert begun == {line: "begun"}
    assert messages[line] == "at rest"
    assert FAILED.split(";")[0] in messages[message]
    assert form not in messages
    assert "out of luck" in caplog.text


def test_forgotten_pages_are_those_where_nothing_goes_on(page, monkeypatch):
    orders, line, *_ = page
    monkeypatch.setattr(actions, "REMEMBERED", 2)

    async def watch(_, action):
        action.claim(line)
        while action.holds(line):
            yield {line: "watched"}

    async def act(visitor: str, number: int, value: str) -> list:
        shown = showing(line, value=value)
        return [said async for said in orders.take(visitor, number, shown, ASKED)]

    async def visits():
        watching = orders.take("watching", 1, watch, ASKED)
        await anext(watching)
        for visit in range(4):
            await act(f"page {visit}", 2, "")
        assert await act("page 3", LOAD, "late") == [gr.skip()]  # remembered
        assert await act("watching", 2, "later") == [{line: "later"}]
        return [shown async for shown in watching]

    assert finished(visits()) == []  # its part was taken, so it was not forgotten
