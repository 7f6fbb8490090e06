"""Example prompts and the paper's experiments, as settings with a name each."""

from __future__ import annotations

from typing import NamedTuple

from otgen.recipe.prompts import Prompt
from otgen.recipe.settings import Settings

CUTOUTS, STEPS = 64, 1000  # the paper, "Experiments": N and the iterations of every picture


class Preset(NamedTuple):
    """Prompts for a generator: an experiment of the paper, or one of ours if it has no figure."""

    title: str
    prompts: tuple[str, ...]
    generator: str
    figure: str

    def settings(self) -> Settings:
        """Return the run, with the paper's settings or, for ours, the defaults."""
        prompts = tuple(Prompt(text) for text in self.prompts)
        steps = STEPS if self.figure else Settings.steps
        return Settings(prompts, self.generator, steps=steps, cutouts=CUTOUTS)


_PAINTINGS = (
    "Impressionism / Edgar Degas/ Landscape at Valery-sur-Somme",
    "Impressionism Laszlo Mednyanszky/ Landscape in the Alps (View from the Rax)",
    "Romanticism / J.M.W. Turner/ The Lake, Petworth, Sunset; Sample Study",
    "Romanticism / George Stubbs/ Hound Coursing a Stag",
    "Realism / Alexey Venetsianov/ In the Fields. Spring",
    "Realism / Alexey Venetsianov/ A Peasant Woman with Scythe and Rake",
)

PRESETS: dict[str, Preset] = {
    "two": Preset("Two prompts", ("a fox", "a rocket"), "storybook", ""),
    "three": Preset("Three prompts", ("a panda", "a pizza", "a guitar"), "storybook", ""),
    "six": Preset(
        "Six prompts",
        ("an owl", "a cake", "a rocket", "a frog", "a tree", "a car"),
        "storybook",
        "",
    ),
    "disney-tokyo": Preset(
        "Disney World and Tokyo",
        ("Walt Disney World.", "a daytime picture of Tokyo."),
        "vqgan-imagenet",
        "Figures 1 to 4",
    ),
    "cat-dog": Preset(
        "A painting of cat and dog",
        ("A painting of cat.", "A painting of dog."),
        "vqgan-imagenet",
        "Figure 1",
    ),
    "paintings": Preset("Six paintings, P0 to P5", _PAINTINGS, "vqgan-wikiart", "Figures 5 and 6"),
}
