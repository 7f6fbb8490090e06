"""Paint the study's prompts, lay out blind sheets and score them: ``python -m bench.study``.

``paint`` appends a line a lane to FOLDER/rows.jsonl and keeps the pictures; it goes on where it
stopped. ``sheets`` lays OT's pictures of one seed out unlabelled and shuffled, the key apart.
``score`` compares what a reader of the sheets wrote (FOLDER/named-KIND-SEED.json: cell ->
{"names": [...], "junk": true or false}) with the prompts. ``table`` sums the rows up, with 95 %
intervals as the reports of ``otgen study`` have them (``otgen.study.inference``): over sets of
prompts, and the seeds of each.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from otgen.recipe.prompts import Prompt
from otgen.recipe.settings import LANES, Settings
from otgen.run.comparison import compare
from otgen.run.plan import plan
from otgen.study.inference import interval
from otgen.study.naming import named, names_of
from otgen.world.storybook.words import canonical_prompts

PROMPTS = Path(__file__).with_name("prompts.json")
KINDS = ("pairs", "triples", "sextuples", "singles")
COLUMNS, ROWS, SIDE = 5, 4, 240  # of a sheet; pixels of a picture
_SURE, _PURE, _PLACE = 0.75, 0.9, 0.5  # weight of a thing there, a pure one; part of the ground
_JUNK = 0.05  # part of a picture from which on a thing nobody asked for is junk


def prompts() -> dict[str, list[list[str]]]:
    """Return the study's prompts, by kind."""
    return json.loads(PROMPTS.read_text())


def settings(texts: list[str], seed: int) -> Settings:
    """Return the default run of prompts; one alone is painted under OT, which the mean then is."""
    lanes = LANES if len(texts) > 1 else LANES[:1]
    return Settings(tuple(Prompt(text) for text in texts), lanes=lanes, seed=seed)


def described(texts: list[str], made: dict) -> dict:
    """Say what is known of a lane's picture: which prompts are there, what is junk, and so on."""
    named = {said: name for name, said in canonical_prompts().items()}
    asked = {named[text] for text in texts}
    sprites = made["sprites"]
    things = {one["thing"] for one in sprites if one["weight"] >= _SURE}
    pure = {one["thing"] for one in sprites if one["weight"] >= _PURE}
    ground = sum(made["places"].values())
    places = {name for name, area in made["places"].items() if area >= _PLACE * ground}
    junk = [one for one in sprites if one["thing"] not in asked and one["area"] >= _JUNK]
    return {
        "present": sum(name in things or name in places for name in asked),
        "pure": sum(name in pure or name in places for name in asked),
        "sprites": len(sprites),
        "sprites_pure": sum(one["weight"] >= _PURE for one in sprites),
        "junk": len(junk),
    }


def paint(kinds: list[str], seeds: list[int], folder: Path) -> None:
    """Paint what is not there yet."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "rows.jsonl"
    lines = file.read_text().splitlines() if file.exists() else []
    done = {(row["kind"], row["index"], row["seed"]) for row in map(json.loads, lines)}
    for seed in seeds:
        for kind in kinds:
            for index, texts in enumerate(prompts()[kind]):
                if (kind, index, seed) in done:
                    continue
                result = compare(plan(settings(texts, 1000 * seed + index)))
                rows = []
                for lane, name in enumerate(result.settings.lanes):
                    numbers = result.numbers[name]
                    row = {"kind": kind, "index": index, "seed": seed, "lane": name}
                    row |= {"prompts": texts, "seconds": round(result.timings["paint"], 2)}
                    row |= described(texts, numbers)
                    row |= {"balance": numbers["balance"], "least": min(numbers["counts"])}
                    row |= {"judge": numbers.get("judge", {}).get("found")}
                    row |= {"made": {key: numbers[key] for key in ("sprites", "places", "style")}}
                    rows.append(row)
                    picture = Image.fromarray(result.pictures[lane])
                    picture.save(folder / f"{kind}-{index:03d}-{seed}-{name}.png")
                with file.open("a") as out:
                    out.writelines(f"{json.dumps(row)}\n" for row in rows)
                print(kind, index, seed, texts, [row["present"] for row in rows])


def sheets(kind: str, seed: int, folder: Path) -> None:
    """Lay OT's pictures out in a random order, numbered; write the key apart."""
    texts = prompts()[kind]
    count = len(texts)
    order = np.random.default_rng(seed).permutation(count).tolist()
    per = COLUMNS * ROWS
    for sheet in range(0, count, per):
        cells = order[sheet : sheet + per]
        rows = -(-len(cells) // COLUMNS)
        image = Image.new("RGB", (COLUMNS * SIDE, rows * (SIDE + 18)), "white")
        pen = ImageDraw.Draw(image)
        for cell, index in enumerate(cells):
            x, y = cell % COLUMNS * SIDE, cell // COLUMNS * (SIDE + 18)
            with Image.open(folder / f"{kind}-{index:03d}-{seed}-ot.png") as picture:
                image.paste(picture.resize((SIDE - 4, SIDE - 4), Image.LANCZOS), (x, y + 16))
            pen.text((x + 4, y + 2), str(sheet + cell + 1), fill="black")
        image.save(folder / f"sheet-{kind}-{seed}-{sheet // per + 1}.jpg", quality=82)
    key = {str(cell + 1): texts[index] for cell, index in enumerate(order)}
    (folder / f"key-{kind}-{seed}.json").write_text(json.dumps(key, indent=0) + "\n")


def score(kind: str, seed: int, folder: Path) -> None:
    """Print how many prompts a reader named, and in how many pictures all of them."""
    key = json.loads((folder / f"key-{kind}-{seed}.json").read_text())
    read = json.loads((folder / f"named-{kind}-{seed}.json").read_text())
    hits = {
        cell: named([sorted(names_of(text)) for text in texts], read.get(cell, {}).get("names", []))
        for cell, texts in key.items()
    }
    missed = {cell: [t for t, hit in zip(key[cell], row, strict=True) if not hit]
              for cell, row in hits.items() if not all(row)}  # fmt: skip
    junk = sum(bool(cell.get("junk")) for cell in read.values())
    total = sum(map(len, hits.values()))
    print(f"{kind}: {sum(map(sum, hits.values()))} of {total} named; all of a picture's in "
          f"{sum(map(all, hits.values()))} of {len(hits)}; all but one or all in "
          f"{sum(sum(row) >= len(row) - 1 for row in hits.values())}; junk in {junk}")  # fmt: skip
    for cell, texts in missed.items():
        print(f"  {cell}: missed {texts}; read {read.get(cell)}")


def _said(rows: list[dict], value: Callable[[dict], float]) -> str:
    """Return the mean of rows and its interval, in one cell of the table."""
    sets, seeds = (sorted({row[name] for row in rows}) for name in ("index", "seed"))
    values = np.full((len(sets), len(seeds)), np.nan)
    for row in rows:
        values[sets.index(row["index"]), seeds.index(row["seed"])] = value(row)
    mean = interval(values)
    return f"{mean.mean:.2f} ({mean.low:.2f} to {mean.high:.2f})"


# The table's columns, each with its number of a row.
NUMBERS = {
    "prompts present": lambda row: row["present"] / len(row["prompts"]),
    "all present": lambda row: row["present"] == len(row["prompts"]),
    "all pure": lambda row: row["pure"] == len(row["prompts"]),
    "balance": lambda row: row["balance"],
    "smallest group": lambda row: row["least"],
    "sprites >= .9 pure": lambda row: row["sprites_pure"] / max(1, row["sprites"]),
    "junk a picture": lambda row: row["junk"],
}


def table(folder: Path) -> None:
    """Print a Markdown table of all rows."""
    rows = [json.loads(line) for line in (folder / "rows.jsonl").read_text().splitlines()]
    columns = ("kind, runs", "lane", *NUMBERS)
    print(f"| {' | '.join(columns)} |\n|{'---|' * len(columns)}")
    for kind in KINDS:
        for lane in LANES:
            some = [row for row in rows if (row["kind"], row["lane"]) == (kind, lane)]
            if not some:
                continue
            cells = [_said(some, value) for value in NUMBERS.values()]
            print(f"| {kind}, {len(some)} | {lane} | " + " | ".join(cells) + " |")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.study", description=__doc__)
    parser.add_argument("what", choices=["paint", "sheets", "score", "table"])
    parser.add_argument("--kinds", nargs="+", choices=KINDS, default=list(KINDS[:3]))
    parser.add_argument("--seeds", nargs="+", type=int, default=[1])
    parser.add_argument("--folder", type=Path, default=Path("runs/study"))
    asked = parser.parse_args()
    if asked.what == "paint":
        paint(asked.kinds, asked.seeds, asked.folder)
    elif asked.what == "table":
        table(asked.folder)
    else:
        for kind in asked.kinds:
            for seed in asked.seeds:
                (sheets if asked.what == "sheets" else score)(kind, seed, asked.folder)


if __name__ == "__main__":
    main()
