"""Paint what the command line asks for: a comparison, or the runs that an experiment lacks."""

from __future__ import annotations

import argparse
import sys
import threading
from pathlib import Path

from otgen.cli.interruption import Interrupted, Interruption
from otgen.recipe.experiments import of_seeds, steps_of
from otgen.recipe.prompts import InputError, shorten
from otgen.recipe.settings import Settings
from otgen.results.result import ANEW, Saved
from otgen.results.store import read
from otgen.run.events import Ended, Event, Failed, Fetching, Step
from otgen.run.plan import Plan, check_scalable, plan
from otgen.service.executors.inline import Inline


class Unpainted(Exception):
    """A run failed; the message says why in a sentence."""


class Diverged(Unpainted):
    """A run diverged at its first step."""


def _writable(store: Path) -> None:
    """Create the store, so that a wrong folder is refused before the run. Raises InputError."""
    try:
        store.mkdir(parents=True, exist_ok=True)
    except OSError as wrong:
        raise InputError(
            f"Results can't be written to {shorten(store)} ({wrong.strerror}): name another folder "
            "with --out."
        ) from None


def _paint(planned: Plan, store: Path, bar, what: str) -> Saved:
    """Paint and save, from where an earlier run stopped; return the result.

    The bar, a tqdm, goes on by the run's steps. A result of a run that diverged is returned as it
    is. Raises InputError, Interrupted, and Unpainted where there is no result.
    """
    settings, folder = planned.settings, store / planned.id
    before, begun, stopping = bar.n, False, threading.Event()
    interruption = Interruption(stopping.set)
    ending: list[Ended | Failed] = []

    def see(event: Event) -> None:
        nonlocal begun
        match event:
            case Ended() | Failed():
                ending.append(event)
            case Fetching(what=model, here=here, total=total):
                bar.set_description(f"fetching {model}, {here / 1e6:.0f} of {total / 1e6:.0f} MB")
            case Step(step=step):
                if not begun:
                    begun = True
                    interruption.hold()  # only now: nothing was made before
                    if step:
                        said = f"Going on from step {step} of {settings.steps}."
                        bar.write(said, file=sys.stderr)
                bar.set_description(what)
                bar.update(before + step - bar.n)

    try:
        Inline().run(planned, store, see, stopping)
    finally:
        interruption.release()
    (ended,) = ending
    if isinstance(ended, Failed):
        raise {"input": InputError, "diverged": Diverged}.get(ended.kind, Unpainted)(ended.error)
    for note in ended.notes:
        bar.write(note, file=sys.stderr)
    if interruption.signal and ended.state == "stopped":
        raise Interrupted(
            f"Stopped at step {ended.steps} of {settings.steps}; it is kept, and the same command "
            "goes on from there.",
            folder,
            128 + interruption.signal,
        )
    saved = read(folder)
    if saved is None:
        raise OSError(f"{folder} was deleted a moment ago: paint it again.")
    return saved


def compare(arguments: argparse.Namespace, settings: Settings) -> tuple[Path, list[str]]:
    """Run one comparison; return its folder, and a sentence where it diverged."""
    from tqdm import tqdm

    planned = plan(settings)
    kinds = [kind for kind in ANEW if getattr(arguments, kind)]
    if kinds:
        check_scalable(planned.settings)  # before the run, not after it
    _writable(arguments.out)
    with tqdm(total=planned.settings.steps, unit="step", disable=None) as bar:
        saved = _paint(planned, arguments.out, bar, "painting")
    if arguments.plots:
        from otgen.explain import plots
        from otgen.results.store import record

        evidence = record(saved)
        if evidence is None:
            raise InputError(
                f"{saved.folder} lacks what plots are drawn from: delete it to paint again."
            )
        plots.save(evidence, saved.folder)
    if kinds and saved.complete:
        from otgen.run.redrawing import save_redrawn

        save_redrawn(saved, kinds)
    return arguments.out / planned.id, [saved.diverged] if saved.diverged else []


def experiment(arguments: argparse.Namespace, settings: Settings) -> tuple[Path, list[str]]:
    """Run what an experiment lacks in the store.

    Return its figure's PNG, and a sentence for each run that diverged.
    """
    from tqdm import tqdm

    from otgen.results.figures import save

    kind, store = arguments.command, arguments.out
    if kind == "seeds":
        kind = of_seeds(arguments.many)
    steps = steps_of(kind, plan(settings).settings)
    _writable(store)
    plans = [plan(step.settings) for step in steps]
    titles = {planned.id: step.title for planned, step in zip(plans, steps, strict=True)}
    results = {id: read(store / id) for id in titles}
    todo = {p.id: p for p in plans if not (results[p.id] and results[p.id].over)}
    said = {id: saved.diverged for id, saved in results.items() if saved and saved.diverged}
    total = sum(planned.settings.steps for planned in todo.values())
    with tqdm(total=total, unit="step", disable=None) as bar:
        for place, (id, planned) in enumerate(todo.items(), 1):
            what = f"run {place} of {len(todo)}, {titles[id]}"
            try:
                results[id] = _paint(planned, store, bar, what)
                said |= {id: results[id].diverged} if results[id].diverged else {}
            except Diverged as at_once:
                said[id] = str(at_once)
    figure = save(kind, steps, [results[planned.id] for planned in plans], store)
    return figure, [
        f"{titles[id].capitalize()} diverged. {sentence}" for id, sentence in said.items()
    ]
