"""What a person did last wins: each part of a page belongs to the latest action that claimed it.

Gradio's server starts waiting events in random order (``Queue.get_events`` shuffles), the events of
a page's load among them. So the order is the browser's: an event's ``js`` numbers it when it is
sent, and a part of the page (a component) that a number has claimed is closed to lower ones,
whichever the server starts first and however long it waits. A page's load has the lowest number of
all. Parts are claimed one by one because a file that fills the form ends no watching of a run.

Gradio's ``cancels`` do not serve: the browser acts on them when the event that has them has ended.
Nor does its mode "always_last": a click that waits in the browser is numbered too late, and where
an event has two functions that wait to run, they keep each other going for ever.
"""

from __future__ import annotations

import logging
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable, Iterable
from typing import Any, NamedTuple

import gradio as gr
from gradio.blocks import Block

from otgen.ui.messages import FAILED, trouble

# Of every event of the page: none is an endpoint for programs, each runs beside the others.
PRIVATE = {"show_progress": "hidden", "api_visibility": "private", "concurrency_limit": None}
LOAD, READ = -1, 0  # numbers of a page's load, and of what an action has read; actions count from 1
REMEMBERED = 1000  # pages; beyond it those that acted longest ago are forgotten

# The number is the last input. The browser takes an event's inputs and number at the same moment.
_NUMBERED = """(...values) => {
  values[values.length - 1] = window.otgenActions = (window.otgenActions ?? 0) + 1;
  return values;
}"""
_log = logging.getLogger(__name__)


class Asked(NamedTuple):
    """What an event brings: its inputs' values, the page's address, and data of its own.

    page: the page that it comes from, a text that no other page has.
    """

    values: tuple
    query: dict[str, str]
    event: gr.EventData
    page: str

    def said(self, name: str) -> Any:
        """Return a value that the event carries; None where there is none."""
        try:
            return getattr(self.event, name)
        except (AttributeError, TypeError):
            return None


class Action:
    """An action in progress, and its hold on parts of its page.

    held: the page's parts that were claimed, by component id, and by whom.
    ended: nothing comes any more. silent: nothing came yet, apart from that it failed.
    """

    def __init__(self, number: int, held: dict[int, Action]) -> None:
        self.number, self._held = number, held
        self.ended, self.silent = False, True

    def claim(self, *parts: Block) -> bool:
        """Claim the parts that no later action has; return whether the first is this one's now.

        An action that ended without a word, its connection broken say, keeps nothing.
        """
        for part in parts:
            holder = self._held.get(part._id)
            if not holder or holder.number <= self.number or (holder.ended and holder.silent):
                self._held[part._id] = self
        return self.holds(parts[0])

    def read(self, parts: Iterable[Block]) -> None:
        """Stop the page's load from changing the inputs of this action."""
        for part in parts:
            holder = self._held.get(part._id)
            if not holder or holder.number < READ:
                self._held[part._id] = _reader()

    def add(self, part: Block) -> None:
        """Take a part that hands its values on: no later action makes them void."""
        self._held[part._id] = self

    def holds(self, part: Block) -> bool:
        """Tell whether this action may still change a part."""
        return self._held.get(part._id) is self

    def free(self, part: Block) -> bool:
        """Tell whether no action is about to change a part."""
        holder = self._held.get(part._id)
        return holder is None or holder.ended

    def own(self, shown: dict[Block, Any]) -> dict[Block, Any]:
        """Return what this action may still show."""
        return {part: value for part, value in shown.items() if self.holds(part)}


def _reader() -> Action:
    reader = Action(READ, {})
    reader.ended, reader.silent = True, False
    return reader


Act = Callable[[Asked, Action], AsyncIterator[dict[Block, Any]]]


class Failing(NamedTuple):
    """Where an action says that it failed, and which of its other parts it resets then."""

    message: gr.HTML
    rest: Callable[[], dict[Block, Any]] = dict


class Actions:
    """The actions of all pages. Made in the Blocks that are being built.

    Its methods return Gradio's arguments of an event: ``button.click(**actions.by_person(...))``.
    What an event calls yields dicts, and claims the parts of the page that are in them.
    """

    def __init__(self) -> None:
        self._number = gr.Number(visible=False, precision=0)
        # Of every part that shows an event's progress, hidden or not, the browser copies all values
        # at each word from the server, and counts frames. So one shows it that is not drawn at all.
        self._private = PRIVATE | {"show_progress_on": gr.State()}
        self._pages: OrderedDict[str, dict[int, Action]] = OrderedDict()

    def by_person(
        self, act: Act, inputs: list, outputs: list, failing: Failing | None = None
    ) -> dict[str, Any]:
        """Return the arguments of what a person does, and of what follows the form."""

        async def run(request: gr.Request, event: gr.EventData, *args) -> AsyncIterator[Any]:
            *args, number = args
            page = str(request.session_hash)
            asked = Asked(tuple(args), dict(request.query_params), event, page)
            async for shown in self.take(page, number, act, asked, failing):
                yield shown

        numbered = {"inputs": [*inputs, self._number], "js": _NUMBERED, "trigger_mode": "multiple"}
        return {"fn": run, "outputs": outputs, **numbered, **self._private}

    def by_load(self, act: Act, outputs: list, failing: Failing | None = None) -> dict[str, Any]:
        """Return the arguments of a page's load, which takes nothing from a person's action."""
        return self._named(lambda _: LOAD, act, outputs, failing)

    def resumed(self, act: Act, outputs: list, failing: Failing | None = None) -> dict[str, Any]:
        """Return the arguments of what goes on with an action, whose number the event brings."""
        named = self._named(lambda asked: asked.said("action"), act, outputs, failing)
        # The browser may take one that was closed on the server to be still at work.
        return named | {"trigger_mode": "multiple"}

    def _named(self, number: Callable[[Asked], Any], act, outputs, failing) -> dict[str, Any]:
        async def run(request: gr.Request, event: gr.EventData) -> AsyncIterator[Any]:
            page = str(request.session_hash)
            asked = Asked((), dict(request.query_params), event, page)
            async for shown in self.take(page, number(asked), act, asked, failing):
                yield shown

        return {"fn": run, "inputs": None, "outputs": outputs, **self._private}

    async def take(
        self, page: str, number: Any, act: Act, asked: Asked, failing: Failing | None = None
    ) -> AsyncIterator[Any]:
        """Yield what an action shows of the parts that are its own.

        An unexpected exception is logged, and shown where ``failing`` says; in a corner
        of the page where it says nothing.
        """
        action, still = Action(number if isinstance(number, int) else LOAD, self._held(page)), True
        try:
            async for shown in act(asked, action):
                if own := action.own(shown):
                    action.silent = still = False
                    yield own
        except gr.Error:
            raise
        except Exception:
            _log.exception("an action of the page failed")
            if failing is None:
                raise gr.Error(FAILED, print_exception=False) from None
            action.claim(failing.message)
            still = False
            yield action.own({failing.message: trouble(FAILED), **failing.rest()}) or gr.skip()
        finally:
            action.ended = True
        if still:
            yield gr.skip()  # Gradio empties what an event that yields nothing could write to

    def _held(self, page: str) -> dict[int, Action]:
        """Return who holds what of a page; it is remembered, for a load that starts late."""
        held = self._pages.setdefault(page, {})
        self._pages.move_to_end(page)
        for old in list(self._pages)[: max(0, len(self._pages) - REMEMBERED)]:
            if all(action.ended for action in self._pages[old].values()):
                del self._pages[old]
        return held
