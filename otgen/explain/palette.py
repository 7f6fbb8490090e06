"""The colours of the prompts: the same in the page's rows, bars and legends, and in every plot."""

from __future__ import annotations

PALETTE: tuple[str, ...] = (
    "#0072B2",  # blue
    "#E69F00",  # orange
    "#009E73",  # green
    "#CC79A7",  # pink
    "#D55E00",  # vermilion
    "#56B4E9",  # sky
    "#B8A200",  # olive yellow
    "#7B4FC9",  # violet
    "#874B5A",  # mauve
    "#4BD296",  # mint
    "#D24BFF",  # orchid
    "#C31E96",  # magenta
    "#C3001E",  # red
    "#FF4B78",  # coral
    "#5A2DFF",  # indigo
    "#FF78D2",  # rose
)
"""One colour per prompt, in the prompts' order.

The first six are Okabe and Ito's (https://jfly.uni-koeln.de/color/); their yellow is too pale for
white paper and their black for a dark page, so olive yellow and violet stand in. The last eight
were picked one after another, each as far as possible (OKLab) from all before it in normal,
protanopic and deuteranopic sight (Machado et al. 2009), among colours with a contrast of 1.9 or
more on white and 2.8 or more on the dark page. Sixteen colours can't all be told apart by
everyone: numbers and order say the same as the colour.
"""
