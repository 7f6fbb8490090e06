"""The painter process: it alone loads torch, jax and the models. Started by ``process.Process``.

It reads orders from its standard input and writes answers to what was its standard output. When
the input ends, because the page's process closed it or died, it keeps the run in flight and ends.
"""

from __future__ import annotations

import logging
import os
import queue
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import BinaryIO, NoReturn

from otgen.run.events import Event
from otgen.service.executors.messages import (
    Answer,
    Begun,
    Outgoing,
    Run,
    Seen,
    Stop,
    Warm,
    Warmed,
    receive,
)

LAST = 30.0  # seconds to keep the run in flight, once nobody gives orders any more
_log = logging.getLogger(__name__)


class _Orders:
    """What is to be done, and which of it is not to be done any more."""

    def __init__(self, stream: BinaryIO) -> None:
        self._waiting: queue.SimpleQueue[Run | Warm | None] = queue.SimpleQueue()
        self._stopped: set[int] = set()
        self._over = threading.Event()
        threading.Thread(target=self._listen, args=(stream,), daemon=True).start()

    def next(self) -> Run | Warm | None:
        """Wait for the next order; None where there will be none."""
        return self._waiting.get()

    def stopped(self, ticket: int) -> bool:
        """Tell whether a run is to end."""
        return self._over.is_set() or ticket in self._stopped

    def done(self, ticket: int) -> None:
        """Forget a run that is over."""
        self._stopped.discard(ticket)

    def _listen(self, stream: BinaryIO) -> None:
        while order := receive(stream):
            if isinstance(order, Stop):
                self._stopped.add(order.ticket)
            else:
                self._waiting.put(order)
        self._over.set()
        self._waiting.put(None)
        last = threading.Timer(LAST, os._exit, (1,))
        last.daemon = True
        last.start()


def _private_streams() -> tuple[BinaryIO, BinaryIO]:
    """Take standard input and output for messages; what libraries print goes to the log."""
    inbox, outbox = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    with open(os.devnull, "rb") as nothing:
        os.dup2(nothing.fileno(), 0)
    os.dup2(2, 1)
    sys.stdout = sys.stderr
    return inbox, outbox


def _yield_memory() -> None:
    """Let Linux end this process before the page's where memory is full."""
    with suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("500", encoding="ascii")


def main() -> NoReturn:
    """Do what is ordered until nothing will be ordered any more, then end this process."""
    logging.basicConfig(format="%(asctime)s %(name)s: %(message)s")
    inbox, outbox = _private_streams()
    _yield_memory()
    orders, answers = _Orders(inbox), Outgoing(outbox)
    from otgen.run.machine import measured
    from otgen.run.painting import paint, warmed

    def answer(message: Answer) -> None:
        with suppress(OSError, ValueError):  # nobody reads: the run is kept all the same
            answers.send(message)

    def run(order: Run) -> None:
        ticket = order.ticket
        if not orders.stopped(ticket):
            answer(Begun(ticket))
            see = partial(_seen, answer, ticket)
            paint(order.plan, order.store, see, partial(orders.stopped, ticket))
        orders.done(ticket)

    answer(measured())
    while order := orders.next():
        if isinstance(order, Run):
            run(order)
            continue
        try:
            answer(Warmed(*warmed(order.plan)))
        except Exception:
            _log.exception("the warm-up failed")
    sys.stderr.flush()
    os._exit(0)  # taking torch and jax down takes a second, and the server's end waits for it


def _seen(answer: Callable[[Answer], None], ticket: int, event: Event) -> None:
    answer(Seen(ticket, event))


if __name__ == "__main__":
    main()
