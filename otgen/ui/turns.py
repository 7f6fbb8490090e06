"""Which of a page's actions may still show something: the one that was asked for last.

Gradio's ``cancels`` do not serve: the browser acts on them when the event that has them has ended.
Nor does its mode "always_last" where an event has several functions: where two of them wait for
their turn, each starts the whole event anew, and two of these keep each other going for ever.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from functools import partial
from typing import Any
from weakref import WeakValueDictionary

import gradio as gr

AT_ONCE = {"trigger_mode": "multiple"}  # of what takes turns: nothing waits in the browser


class Turn:
    """An action; over once its page is asked for another."""

    over = False


class Turns:
    """The actions in progress, one a page."""

    def __init__(self) -> None:
        self._last: WeakValueDictionary[str, Turn] = WeakValueDictionary()

    async def take(
        self, request: gr.Request, act: Callable[[Turn], AsyncIterator[Any]]
    ) -> AsyncIterator[Any]:
        """Yield what an action has to show for as long as it is its page's last."""
        page, turn, silent = str(request.session_hash), Turn(), True
        if before := self._last.get(page):
            before.over = True
        self._last[page] = turn
        async for shown in act(turn):
            if turn.over:
                break
            silent = False
            yield shown
        if silent:
            yield gr.skip()  # Gradio empties what an event that yields nothing could write to

    def taking(
        self, act: Callable[[tuple, Turn], AsyncIterator[Any]]
    ) -> Callable[..., AsyncIterator[Any]]:
        """Return what Gradio calls with an event's inputs for an action on them."""

        async def run(request: gr.Request, *given) -> AsyncIterator[Any]:
            async for shown in self.take(request, partial(act, given)):
                yield shown

        return run
