"""What the storybook's world holds, and the words that name it.

All other modules read these literal tables: to grow the world, add a row and train again.
"""

from __future__ import annotations

from typing import NamedTuple


class Thing(NamedTuple):
    """A thing of the world.

    icon: its name in the icon sets that are trained on. others: words that mean the same.
    plural: of its name; "" for name + "s".
    """

    icon: str
    others: tuple[str, ...] = ()
    plural: str = ""


# Kind -> name -> thing.
KINDS: dict[str, dict[str, Thing]] = {
    "animals": {
        "cat": Thing("cat-face", ("kitten", "kitty")),
        "dog": Thing("dog-face", ("puppy", "hound")),
        "horse": Thing("horse", ("pony", "stallion")),
        "cow": Thing("cow-face", ("bull",)),
        "pig": Thing("pig-face", ("piglet",)),
        "mouse": Thing("mouse-face", (), "mice"),
        "rabbit": Thing("rabbit-face", ("bunny", "hare")),
        "fox": Thing("fox", (), "foxes"),
        "panda": Thing("panda"),
        "bear": Thing("bear", ("grizzly",)),
        "lion": Thing("lion"),
        "monkey": Thing("monkey-face", ("ape",)),
        "chicken": Thing("chicken", ("hen",)),
        "penguin": Thing("penguin"),
        "owl": Thing("owl"),
        "parrot": Thing(
            "parrot",
        ),
        "flamingo": Thing("flamingo"),
        "frog": Thing("frog", ("toad",)),
        "turtle": Thing("turtle", ("tortoise",)),
        "snake": Thing("snake", ("serpent",)),
        "fish": Thing("tropical-fish", ("tropical fish",), "fishes"),
        "shark": Thing("shark"),
        "whale": Thing("spouting-whale"),
        "octopus": Thing("octopus", ("squid",), "octopuses"),
        "snail": Thing("snail"),
        "butterfly": Thing("butterfly", (), "butterflies"),
        "bee": Thing("honeybee", ("honeybee", "bumblebee")),
        "ladybird": Thing("lady-beetle", ("ladybug", "beetle")),
        "spider": Thing("spider", ("tarantula",)),
        "crab": Thing("crab"),
        "elephant": Thing("elephant"),
        "giraffe": Thing("giraffe"),
        "zebra": Thing("zebra"),
        "camel": Thing("camel"),
        "sheep": Thing("ewe", ("lamb",), "sheep"),
        "duck": Thing("duck", ("duckling",)),
        "unicorn": Thing("unicorn"),
        "dragon": Thing("dragon"),
        "dinosaur": Thing("sauropod", ("brontosaurus",)),
    },
    "plants": {
        "sunflower": Thing("sunflower"),
        "rose": Thing("rose", ("red rose",)),
        "tulip": Thing("tulip"),
        "mushroom": Thing("mushroom", ("toadstool",)),
        "cactus": Thing("cactus", (), "cactuses"),
        "palm tree": Thing("palm-tree", ("palm",)),
        "pine tree": Thing("evergreen-tree", ("fir tree", "pine", "fir")),
        "tree": Thing("deciduous-tree", ("oak",)),
        "leaf": Thing("maple-leaf", ("maple leaf",), "leaves"),
    },
    "food": {
        "apple": Thing("red-apple"),
        "banana": Thing("banana"),
        "grapes": Thing("grapes", ("bunch of grapes",), "grapes"),
        "watermelon": Thing("watermelon", ("melon",)),
        "strawberry": Thing("strawberry", (), "strawberries"),
        "cherries": Thing("cherries", ("cherry",), "cherries"),
        "pineapple": Thing("pineapple"),
        "lemon": Thing("lemon"),
        "carrot": Thing("carrot"),
        "corn": Thing("ear-of-corn", ("maize",), "corn"),
        "bread": Thing("bread", ("loaf", "toast"), "bread"),
        "cheese": Thing("cheese-wedge", (), "cheese"),
        "hamburger": Thing("hamburger", ("burger",)),
        "pizza": Thing("pizza"),
        "fries": Thing("french-fries", ("chips",), "fries"),
        "doughnut": Thing("doughnut", ("donut",)),
        "cake": Thing("birthday-cake", ("birthday cake",)),
        "ice cream": Thing("soft-ice-cream", ("ice cream cone",)),
        "lollipop": Thing("lollipop", ("candy", "sweet")),
    },
    "buildings": {
        "house": Thing("house", ("home", "cottage", "hut")),
        "castle": Thing("castle", ("fortress", "palace")),
        "church": Thing("church", ("chapel",), "churches"),
        "tent": Thing("tent", ("campsite",)),
        "ferris wheel": Thing("ferris-wheel", ("big wheel",)),
        "factory": Thing("factory", (), "factories"),
        "fountain": Thing("fountain"),
    },
    "vehicles": {
        "car": Thing("automobile", ("automobile", "auto")),
        "bus": Thing("bus", ("coach",), "buses"),
        "bicycle": Thing("bicycle", ("bike",)),
        "motorcycle": Thing("motorcycle", ("motorbike",)),
        "train": Thing("locomotive", ("locomotive", "steam train")),
        "airplane": Thing("airplane", ("plane", "aeroplane", "aircraft")),
        "helicopter": Thing("helicopter", ("chopper",)),
        "rocket": Thing("rocket", ("spaceship", "spacecraft")),
        "sailboat": Thing("sailboat", ("sailing boat", "boat", "yacht")),
        "ship": Thing("ship", ("steamer", "ocean liner")),
        "tractor": Thing("tractor"),
        "flying saucer": Thing("flying-saucer", ("ufo", "saucer")),
    },
    "objects": {
        "guitar": Thing("guitar"),
        "trumpet": Thing("trumpet", ("horn",)),
        "drum": Thing("drum"),
        "umbrella": Thing("umbrella", ("parasol",)),
        "balloon": Thing("balloon"),
        "gift": Thing("wrapped-gift", ("present", "parcel")),
        "crown": Thing("crown"),
        "key": Thing("key"),
        "clock": Thing("alarm-clock", ("alarm clock",)),
        "light bulb": Thing("light-bulb", ("bulb", "lamp")),
        "candle": Thing("candle"),
        "book": Thing("closed-book"),
        "telephone": Thing("telephone", ("phone",)),
        "camera": Thing("camera"),
        "television": Thing("television", ("tv",)),
        "anchor": Thing("anchor"),
        "soccer ball": Thing("soccer-ball", ("football", "ball")),
        "trophy": Thing("trophy", ("cup", "prize"), "trophies"),
        "snowman": Thing("snowman", (), "snowmen"),
        "rainbow": Thing("rainbow"),
        "fire": Thing("fire", ("flame", "campfire", "bonfire")),
        "robot": Thing("robot", ("android",)),
        "ghost": Thing("ghost", ("spirit",)),
        "skull": Thing("skull"),
        "pumpkin": Thing("jack-o-lantern", ("lantern", "halloween pumpkin")),
        "scissors": Thing("scissors", ("pair of scissors",), "scissors"),
        "hat": Thing("top-hat", ("top hat",)),
        "bell": Thing("bell"),
        "magnet": Thing("magnet"),
    },
}
THINGS: dict[str, Thing] = {
    name: thing for things in KINDS.values() for name, thing in things.items()
}


class Place(NamedTuple):
    """A place: phrases that name it alone, and phrases behind a thing ("a cat in a city")."""

    alone: tuple[str, ...]
    behind: tuple[str, ...]


PLACES: dict[str, Place] = {
    "sunset": Place(("a sunset", "the sunset", "dusk"), ("at sunset", "at dusk")),
    "night": Place(
        ("a starry night", "the night sky", "night", "the stars"),
        ("in a starry night", "at night", "under the stars"),
    ),
    "ocean": Place(("the ocean", "the sea", "an ocean", "sea"), ("on the ocean", "on the sea")),
    "forest": Place(
        ("a forest", "the forest", "the woods", "woodland"), ("in a forest", "in the woods")
    ),
    "desert": Place(
        ("a desert", "the desert", "sand dunes", "dunes"), ("in a desert", "in the sand")
    ),
    "mountains": Place(
        ("snowy mountains", "the mountains", "a mountain", "the alps"),
        ("in snowy mountains", "in the mountains", "in the snow"),
    ),
    "city": Place(("a city", "the city", "a skyline", "a town"), ("in a city", "in the city")),
    "meadow": Place(
        ("a meadow", "the meadow", "a green field", "grass"), ("in a meadow", "in the grass")
    ),
    "underwater": Place(
        ("the sea floor", "an underwater scene", "a coral reef", "the deep sea"),
        ("under water", "under the sea", "in a coral reef"),
    ),
    "volcano": Place(
        ("a volcano", "the volcano", "lava"), ("on a volcano", "in front of a volcano")
    ),
    "room": Place(
        ("a room", "the living room", "a bedroom"), ("in a room", "in the living room", "at home")
    ),
    "space": Place(
        ("outer space", "space", "planets", "the galaxy", "the universe"),
        ("in outer space", "in space", "among the planets"),
    ),
}

# Style -> phrases in front of a subject; the plain style is said in many ways.
STYLES: dict[str, tuple[str, ...]] = {
    "plain": ("a picture of", "a drawing of", "an illustration of", "a photo of"),
    "watercolour": ("a watercolour of", "a watercolor of", "a watercolour painting of"),
    "pencil sketch": ("a pencil sketch of", "a pencil drawing of", "a sketch of"),
    "pixel art": ("pixel art of", "a pixel art picture of"),
    "neon": ("a neon sign of", "a neon picture of", "neon lights of"),
    "blueprint": ("a blueprint of", "a technical blueprint of"),
}

# Colour -> its tint, sRGB in [0, 1]; a tinted sprite keeps its lights and darks.
COLOURS: dict[str, tuple[float, float, float]] = {
    "red": (0.86, 0.13, 0.15),
    "orange": (0.96, 0.52, 0.10),
    "yellow": (0.98, 0.83, 0.16),
    "green": (0.20, 0.65, 0.25),
    "blue": (0.16, 0.40, 0.85),
    "purple": (0.53, 0.23, 0.74),
    "pink": (0.96, 0.47, 0.68),
    "brown": (0.50, 0.31, 0.17),
}
COLOUR_WORDS: dict[str, tuple[str, ...]] = {"purple": ("violet",), "red": ("crimson",)}

_NO_ARTICLE = frozenset({"grapes", "cherries", "corn", "bread", "cheese", "fries", "scissors",
                         "fire", "chips", "maize", "toast", "candy", "ice cream"})  # fmt: skip


def plural_of(name: str) -> str:
    """Return the plural of a thing's name."""
    return THINGS[name].plural or f"{name}s"


def phrase_of(words: str) -> str:
    """Return a thing's words with their article: ``an apple``, ``grapes``."""
    if words in _NO_ARTICLE or words.split()[-1] in _NO_ARTICLE:
        return words
    silent = words.startswith(("uni", "ufo"))
    return f"an {words}" if words[0] in "aeiou" and not silent else f"a {words}"


def canonical_prompts() -> dict[str, str]:
    """Return thing, place and style -> the prompt that names it, things first."""
    prompts = {name: phrase_of(name) for name in THINGS}
    prompts |= {name: place.alone[0] for name, place in PLACES.items()}
    return prompts | {name: said[0].removesuffix(" of") for name, said in STYLES.items()}
