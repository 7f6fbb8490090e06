"""Lanes by name: ``ot`` and ``mean``, and ``ot@0.01``, which has an epsilon of its own.

``COUPLINGS`` is what page, command line, plots and documentation say about each kind of lane.
"""

from __future__ import annotations

from typing import NamedTuple


class Card(NamedTuple):
    """A kind of lane.

    Attributes:
        says: what it does, in a clause. source: where it comes from. number: what may follow its
            name after an @, "epsilon" or "tau"; a tau has to. shares: its plan gives each prompt
            its share. whole: its plan gives each cutout its full weight. heeds: where several
            prompts belong changes its plan.
    """

    title: str
    says: str
    source: str
    number: str = ""
    shares: bool = True
    whole: bool = True
    heeds: bool = True


_CHIZAT = "Chizat, Peyré, Schmitzer and Vialard 2018, as in OTT"

COUPLINGS: dict[str, Card] = {
    "ot": Card(
        "Optimal transport",
        "each prompt gets its share of the cutouts",
        "Tian, Cuturi and Ha 2022, Eq. 5",
        "epsilon",
    ),
    "mean": Card(
        "Mean of distances",
        "every cutout is pulled by every prompt",
        "Tian, Cuturi and Ha 2022, Eq. 1; up to scale the prompt loss of VQGAN-CLIP, Crowson et "
        "al. 2022",
        heeds=False,
    ),
    "nearest": Card(
        "Nearest prompts",
        "each cutout goes to its nearest prompts, and no share is kept",
        "the ablation of optimal transport: it without the prompts' marginal",
        "epsilon",
        shares=False,
    ),
    "unbalanced": Card(
        "Unbalanced OT",
        "a missed share is paid for, not forbidden",
        _CHIZAT,
        "tau",
        shares=False,
    ),
    "background": Card(
        "OT with background",
        "a missed share is paid for, and cutouts far from every prompt may stay out",
        f"{_CHIZAT}, with the cutouts' marginal relaxed too",
        "tau",
        shares=False,
        whole=False,
    ),
    "composite": Card(
        "Composite prompt",
        "every cutout is pulled to one target, the mean of the prompts' embeddings",
        "the usual practice, as the introduction of Tian, Cuturi and Ha 2022 has it",
        shares=False,
        heeds=False,
    ),
    "worst": Card(
        "Worst prompt",
        "only the prompt that is covered least pulls, at the cutouts nearest to it",
        "after Attend-and-Excite, Chefer et al. 2023",
        "epsilon",
        shares=False,
        whole=False,
    ),
    "assignment": Card(
        "Assignment",
        "each cutout goes to one prompt, each prompt gets its share in whole cutouts",
        "optimal transport's limit as epsilon goes to 0; solved by SciPy",
    ),
    "divergence": Card(
        "Sinkhorn divergence",
        "each prompt gets its share, and cutouts are pushed apart",
        "Feydy et al. 2019; Séjourné et al. 2019",
        "epsilon",
    ),
}

# A run begins with prompts' costs about 7 to 11 spreads apart (of the four examples that ship). At
# the usual epsilon, 0.9 then gives others than the nearest prompt 0 to 18 % of the mass, 0.97 9 to
# 56 %.
_USUAL_TAU = "0.97"


class Lane(NamedTuple):
    """A loss that a run descends: its coupling, "unbalanced@0.9" with a tau, and its epsilon."""

    coupling: str
    epsilon: float


def example(coupling: str) -> str:
    """Return a lane of a coupling: its name, with a tau if it needs one."""
    return f"{coupling}@{_USUAL_TAU}" if COUPLINGS[coupling].number == "tau" else coupling


EXAMPLES: tuple[str, ...] = tuple(map(example, COUPLINGS))
"""A lane of each kind."""


def card_of(name: str) -> Card:
    """Return the card of a lane's kind."""
    return COUPLINGS[name.partition("@")[0]]


def lane_of(name: str, epsilon: float) -> Lane:
    """Return the lane of a name in the settings, in a run of this epsilon."""
    coupling, _, own = name.partition("@")
    if own and COUPLINGS[coupling].number == "epsilon":
        return Lane(coupling, float(own))
    return Lane(name, epsilon)


def meant(text: str) -> str:
    """Return the key of COUPLINGS that a person means: a name, or how one title alone begins.

    A text that means none is returned as it is.
    """
    folded = text.strip().casefold()
    alike = [name for name, card in COUPLINGS.items() if card.title.casefold().startswith(folded)]
    if folded in COUPLINGS:
        return folded
    return alike[0] if folded and len(alike) == 1 else text


def title(name: str) -> str:
    """Return a lane's title; a name of no coupling is its own title."""
    coupling, _, own = name.partition("@")
    if coupling not in COUPLINGS:
        return name
    card = COUPLINGS[coupling]
    if not own:
        return card.title
    short = "OT" if coupling == "ot" else card.title
    return f"{short}, {'τ' if card.number == 'tau' else 'ε'} {own}"


def described() -> str:
    """List all lanes there are, for help texts."""
    own = ", ".join(name for name, card in COUPLINGS.items() if card.number == "epsilon")
    return f"{', '.join(EXAMPLES)}; {own} take an epsilon of their own: ot@0.01"


def slug(name: str) -> str:
    """Return the lane's name in the form used in files and addresses: ``ot-0.01``."""
    return name.replace("@", "-")
