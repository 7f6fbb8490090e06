"""``otgen study study.yaml``: paint a study, measure it and write its report."""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from otgen.cli.interruption import Interrupted, Interruption
from otgen.recipe.prompts import InputError, shorten
from otgen.results.store import place
from otgen.run.plan import Plan
from otgen.service.executors import chosen
from otgen.service.executors.base import Executor
from otgen.service.executors.process import Process
from otgen.service.pace import duration
from otgen.study.driver import Driver, Progress, missing
from otgen.study.estimate import LONG, check_room, estimate
from otgen.study.kept import FOLDER
from otgen.study.recipe import Study, read_study
from otgen.study.table import check_installed

_MOST_WORKERS = 64
_REPORT = 60.0  # seconds between two lines of progress where no bar is shown


def add_study(commands) -> None:
    """Add the command to the parser's commands."""
    parser = commands.add_parser("study", help="paint, measure and compare what a file asks for")
    add = parser.add_argument
    add("file", type=Path, help="a YAML file; docs/study.md says what it may hold")
    add("--out", type=Path, default=place(), help="where results go (default: %(default)s)")
    about = f"where the study's files go (default: {FOLDER}/NAME in --out)"
    add("--folder", type=Path, help=about)
    add("--workers", type=int, help="painters at once on this machine (default: 1)")
    add("--yes", action="store_true", help="begin, however long it takes")
    what = parser.add_mutually_exclusive_group()
    for option, about in (
        ("--estimate", "say what it costs, and paint nothing"),
        ("--remake", "write summary and report again from runs.parquet, and paint nothing"),
        ("--blind-sheet", "lay pictures out for readers who are not to know their loss"),
    ):
        what.add_argument(option, action="store_true", help=about)
    about = "compare what a reader of the blind sheet wrote into this CSV with the prompts"
    what.add_argument("--score", type=Path, metavar="ANSWERS", help=about)


def study(arguments: argparse.Namespace) -> int:
    """Do what the arguments ask for, and print the file that was made; return the exit status.

    It is 1 where runs failed. Raises InputError, OSError, and Interrupted where it was stopped.
    """
    asked = read_study(arguments.file)
    from otgen.study import blind, outputs  # with SciPy, which takes a second

    folder = arguments.folder or arguments.out / FOLDER / asked.name
    source = arguments.file.read_text(encoding="utf-8")
    if arguments.blind_sheet:
        print(blind.lay_out(asked, arguments.out, folder))
    elif arguments.score:
        print(blind.score(asked, folder, arguments.score))
    elif arguments.remake:
        print(outputs.remake(asked, source, folder))
    else:
        check_installed()  # before the runs, not after them
        driver = _painted(asked, arguments)
        if arguments.estimate:
            return 0
        failed = driver.failed if driver else {}
        report = outputs.write(asked, source, arguments.out, folder, failed)
        if driver and driver.signal:
            raise Interrupted(
                "Stopped; what is painted is kept, and the same command goes on from there.",
                report,
                128 + driver.signal,
            )
        print(report)
        return 1 if failed else 0
    return 0


def _painted(asked: Study, arguments: argparse.Namespace) -> _Driven | None:
    """Paint what the store lacks, unless an estimate is all that is asked for.

    Return how it went; None where nothing was painted. Raises InputError.
    """
    plans = missing(asked.plans.values(), arguments.out)
    if not plans:
        print(f"All {len(asked.plans)} runs are in {arguments.out}.", file=sys.stderr)
        return None
    plans.sort(key=lambda plan: plan.settings.seed)  # a study cut short has all sets of a seed
    with _executors(arguments.workers, plans) as executors:
        cost = estimate(plans, len(asked.plans) - len(plans), executors)
        print(cost, file=sys.stderr)
        if arguments.estimate:
            return None
        if cost.seconds is not None and cost.seconds > LONG and not arguments.yes:
            raise InputError("That is long: give --yes to begin, or take fewer prompts or seeds.")
        arguments.out.mkdir(parents=True, exist_ok=True)
        # A worker of a cluster runs in another folder.
        return _driven(plans, arguments.out.resolve(), executors)


@contextmanager
def _executors(workers: int | None, plans: Sequence[Plan]) -> Iterator[list[Executor]]:
    """Make what paints: painters of this machine, or what OTGEN_EXECUTOR names.

    Raises InputError.
    """
    if os.environ.get("OTGEN_EXECUTOR", "process") != "process":
        if workers is not None:
            raise InputError(
                "--workers is for painters of this machine, and OTGEN_EXECUTOR names another: "
                "leave it out; OTGEN_RAY_SLOTS says how many runs a Ray cluster paints at once."
            )
        made = [chosen()]
    else:
        many = 1 if workers is None else workers
        if not 1 <= many <= _MOST_WORKERS:
            raise InputError(
                f"--workers is {many}; allowed are 1 to {_MOST_WORKERS}: try the number of cores."
            )
        check_room(plans, many)
        threads = str(max(1, (os.cpu_count() or 1) // many))
        own = {} if many == 1 or "OMP_NUM_THREADS" in os.environ else {"OMP_NUM_THREADS": threads}
        made = [Process(own) for _ in range(many)]
    try:
        yield made
    finally:
        for executor in made:
            executor.close()


class _Driven(NamedTuple):
    """How painting went. failed: sentences by id. signal: what stopped it, 0 if nothing did."""

    failed: dict[str, str]
    signal: int


def _driven(plans: list[Plan], store: Path, executors: list[Executor]) -> _Driven:
    """Paint plans, with a bar; the first signal ends the runs in flight and keeps them."""
    began, own = time.monotonic(), time.process_time()
    with _Bar(plans) as bar:
        driver = Driver(plans, store, executors, bar.see)
        interruption = Interruption(driver.stop)
        interruption.hold()
        try:
            driver.run()
        finally:
            interruption.release()
    took, own = time.monotonic() - began, time.process_time() - own
    print(
        f"{bar.over} of {len(plans)} runs in {duration(took)}; the study itself took "
        f"{duration(own)} of a CPU.",
        file=sys.stderr,
    )
    if driver.gave_up:
        print("The last runs all failed, so no other was begun.", file=sys.stderr)
    return _Driven(driver.failed, interruption.signal)


class _Bar:
    """A bar that goes on by the work of runs: their steps, lanes and cutouts."""

    def __init__(self, plans: Sequence[Plan]) -> None:
        from tqdm import tqdm

        self._steps: dict[str, int] = {}
        self._total, self.over, self._reported = len(plans), 0, time.monotonic()
        self._bar = tqdm(
            total=sum(plan.settings.steps * _work(plan) for plan in plans),
            disable=None,
            smoothing=0,  # the pace of the whole: runs differ
            bar_format="{desc}{percentage:3.0f}%|{bar}| {elapsed}, {remaining} left",
        )

    def __enter__(self) -> _Bar:
        return self

    def __exit__(self, *error: object) -> None:
        self._bar.close()

    def see(self, progress: Progress) -> None:
        """Move the bar on."""
        plan, step = progress.plan, progress.step
        before = self._steps.get(plan.id)
        if before is None:  # what a run that goes on had is no work of now
            before = step
            self._bar.total -= _work(plan) * step
        self._steps[plan.id] = max(step, before)
        self._bar.update(_work(plan) * max(0, step - before))
        if progress.state == "painting":
            return
        self.over += progress.state in ("done", "diverged")
        if progress.why:
            said = f"{shorten(' | '.join(plan.texts), 80)}, seed {plan.settings.seed}"
            self._bar.write(f"{said}: {progress.why}", file=sys.stderr)
        self._bar.set_description_str(f"{self.over} of {self._total} runs ")
        now = time.monotonic()
        if self._bar.disable and now - self._reported > _REPORT:
            self._reported = now
            print(f"{self.over} of {self._total} runs", file=sys.stderr)


def _work(plan: Plan) -> int:
    """Return how much a step of a run is: the encoder looks at so many cutouts."""
    return len(plan.settings.lanes) * plan.settings.cutouts
