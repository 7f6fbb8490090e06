"""What a storybook's picture is made of, in words: its sprites, and the prompt each one follows."""

from __future__ import annotations

from collections import Counter
from html import escape

from otgen.explain.palette import PALETTE
from otgen.world.storybook.words import phrase_of, plural_of

_SURE = 0.75  # a sprite of less weight is no thing yet
_LIFT = 1.2  # a sprite follows a prompt that has this many times its share of the sprite's mass


def alt(made: dict) -> str:
    """Say what a picture shows: "2 cats and a castle, before a meadow"; "" where nobody knows."""
    counted = Counter(
        (sprite["colour"], sprite["thing"])
        for sprite in made.get("sprites", ())
        if sprite["weight"] >= _SURE
    )
    named = []
    for (colour, thing), count in counted.items():
        tint = f"{colour} " if colour else ""
        named.append(
            f"{count} {tint}{plural_of(thing)}" if count > 1 else phrase_of(f"{tint}{thing}")
        )
    shown = " and ".join(filter(None, [", ".join(named[:-1]), *named[-1:]]))
    places = " and ".join(list(made.get("places", ()))[:2])
    return " before ".join(filter(None, [shown, places]))


def _sprite(sprite: dict, prompts: list[str]) -> str:
    follows, share = int(sprite["follows"]), float(sprite["share"])
    lift = float(sprite.get("lift", 0.0))
    name = " ".join(filter(None, [sprite["colour"], sprite["thing"]]))
    if lift >= _LIFT:
        dot = f'style="--dot:{PALETTE[follows]}"'
        said = f"{share:.0%} of its mass follows “{prompts[follows]}”"
    else:
        dot, said = 'class="none"', "it follows no prompt more than the others"
    title = f"{name}, weight {sprite['weight']:.2f}: {said}"
    return (
        f'<li {dot} title="{escape(title)}"><span class="dot" aria-hidden="true"></span>'
        f"{escape(name)} <b>{sprite['weight']:.2f}</b>"
        f'<span class="visually-hidden"> {escape(said)}</span></li>'
    )


def parts(made: dict, prompts: list[str]) -> str:
    """Return the list of a picture's sprites as HTML; "" where nobody knows what it is made of.

    A dot has the colour of the prompt that has most of a sprite beyond its share.
    """
    if "sprites" not in made:
        return ""
    listed = "".join(_sprite(sprite, prompts) for sprite in made["sprites"])
    places = " and ".join(map(escape, list(made.get("places", ()))[:2]))
    behind = f'<li class="behind">{places}</li>' if places else ""
    return f'<ul class="sprites" aria-label="What the picture is made of">{listed}{behind}</ul>'
