"""What the mini world contains and the words that name it.

All other modules read these literal tables: to grow the world, add a row and train again.
"""

from __future__ import annotations

SIZE = 128  # side of a scene, pixels

# Name -> code points of Noto Color Emoji glyphs that show it.
OBJECTS: dict[str, str] = {
    "cat": "🐈🐱",
    "castle": "🏰",
    "house": "🏠🏡",
    "tree": "🌳",
    "sunflower": "🌻",
    "mushroom": "🍄",
    "fish": "🐠",
    "butterfly": "🦋",
    "car": "🚗",
    "sailboat": "⛵",
    "strawberry": "🍓",
    "pizza": "🍕",
}

# Name -> phrases: alone ("the ocean"), and behind something ("a cat in the ocean").
BACKGROUNDS: dict[str, tuple[str, str]] = {
    "sunset": ("a sunset", "at sunset"),
    "night": ("a starry night", "in a starry night"),
    "ocean": ("the ocean", "in the ocean"),
    "forest": ("a forest", "in a forest"),
    "desert": ("a desert", "in a desert"),
    "mountains": ("snowy mountains", "in snowy mountains"),
    "city": ("a city", "in a city"),
    "meadow": ("a meadow", "in a meadow"),
}

# Name -> phrases that put the style in front of a subject. A scene without a style is a photo.
STYLES: dict[str, tuple[str, ...]] = {
    "photo": ("a photo of",),
    "watercolour": ("a watercolour of", "a watercolor of"),
    "pixel art": ("pixel art of",),
    "pencil sketch": ("a pencil sketch of", "a sketch of"),
}

# Other words for the same things; each is trained as a word of its own.
SYNONYMS: dict[str, tuple[str, ...]] = {
    "cat": ("kitten",),
    "house": ("home", "cottage"),
    "sailboat": ("boat",),
    "a starry night": ("the stars", "the night sky", "night"),
    "the ocean": ("the sea", "an ocean"),
    "a forest": ("the forest", "the woods"),
    "a desert": ("the desert", "sand dunes"),
    "snowy mountains": ("the mountains", "a mountain", "snow"),
    "a city": ("the city", "a skyline"),
    "a meadow": ("the meadow", "a green field"),
    "a sunset": ("the sunset", "sunset"),
    "in a starry night": ("under the stars", "at night"),
    "in the ocean": ("in the sea", "on the ocean"),
    "in a forest": ("in the forest", "in the woods"),
    "in a desert": ("in the desert",),
    "in snowy mountains": ("in the mountains", "in the snow"),
    "in a city": ("in the city",),
    "in a meadow": ("on a meadow", "in a green field"),
}


def object_phrase(name: str) -> str:
    """Return the object's name with its article: ``a cat``."""
    return f"a {name}"


def canonical_names() -> dict[str, str]:
    """Return every thing and style of the world -> the prompt that names it, objects first."""
    names = {name: object_phrase(name) for name in OBJECTS}
    names |= {name: alone for name, (alone, _) in BACKGROUNDS.items()}
    names |= {name: phrases[0].removesuffix(" of") for name, phrases in STYLES.items()}
    return names
