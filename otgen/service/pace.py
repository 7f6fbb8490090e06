"""How fast runs are painted here, from those that were."""

from __future__ import annotations

from otgen.recipe.settings import Settings


def _effort(settings: Settings) -> tuple:
    """Return what the time of a step and lane depends on; settings are ``canonical``."""
    return (
        settings.generator,
        settings.encoder,
        settings.cutouts,
        settings.height,
        settings.width,
    )


class Pace:
    """Seconds a step and lane of the last run of each kind; any thread may ask."""

    def __init__(self) -> None:
        self._seen: dict[tuple, float] = {}

    def note(self, settings: Settings, seconds: float, steps: int) -> None:
        """Take note of how long so many steps of all lanes took."""
        self._seen[_effort(settings)] = seconds / steps / len(settings.lanes)

    def of(self, settings: Settings) -> float | None:
        """Return the seconds a step and lane, None where no such run was seen."""
        return self._seen.get(_effort(settings))

    def seconds(self, settings: Settings) -> float | None:
        """Estimate how long a run paints."""
        pace = self.of(settings)
        return pace and pace * settings.steps * len(settings.lanes)
