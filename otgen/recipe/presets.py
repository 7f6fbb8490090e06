"""Prompts to begin with, and the paper's experiments, as settings: one name each."""

from __future__ import annotations

from typing import NamedTuple

from otgen.painters.catalogue import card
from otgen.recipe.prompts import Prompt
from otgen.recipe.settings import Settings

CUTOUTS, STEPS = 64, 1000  # paper.md, "Experiments": N and the iterations of every picture


class Preset(NamedTuple):
    """Prompts for a generator: an experiment of the paper, or, without a figure, one of ours."""

    title: str
    prompts: tuple[str, ...]
    generator: str
    figure: str

    def settings(self) -> Settings:
        """Return the run: the paper's as it was made there, ours at what is usual."""
        prompts = tuple(Prompt(text) for text in self.prompts)
        steps = STEPS if self.figure else card(self.generator).steps
        return Settings(prompts, self.generator, steps=steps, cutouts=CUTOUTS)

    def note(self, generator: str) -> str:
        """Say which generator the preset is for where another one is chosen, or nothing."""
        if generator == self.generator:
            return ""
        about = card(generator)
        what = "This experiment of the paper is" if self.figure else "These prompts are"
        small = "" if not about.judge else " and knows only the words of its small world"
        return f"{what} for {card(self.generator).title}; {about.title} paints otherwise{small}."


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


def note(settings: Settings) -> str:
    """Say which generator a preset's prompts are for where another one is chosen, or nothing."""
    texts = tuple(text for text, _ in settings.prompts)
    same = (preset for preset in PRESETS.values() if preset.prompts == texts)
    return next((preset.note(settings.generator) for preset in same), "")
