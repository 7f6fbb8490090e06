"""Recipes come back as they went out, and nothing hostile gets further than one sentence."""

import json
import struct
import zlib
from dataclasses import replace
from urllib.parse import parse_qs, parse_qsl

import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from otgen.recipe import codec
from otgen.recipe.prompts import InputError, Prompt
from otgen.recipe.settings import Settings

SETTINGS = Settings(
    (Prompt("a cat", 2.0), Prompt("a castle")), steps=12, epsilon=3.5, lanes=("mean",), seed=7
)


def _png(path, text=None, size=(4, 4)):
    info = PngInfo()
    if text is not None:
        info.add_itxt("otgen", text)
    Image.new("RGB", size).save(path, "PNG", pnginfo=info)
    return path


def test_query_round_trip():
    parameters = {key: values[0] for key, values in parse_qs(codec.to_query(SETTINGS)).items()}
    assert codec.from_query(parameters)[:2] == (SETTINGS, ())


def test_lanes_with_a_number_of_their_own_round_trip():
    settings = replace(SETTINGS, lanes=("ot@0.01", "unbalanced@0.9", "worst", "mean"))
    query = codec.to_query(settings)
    parameters = {key: values[0] for key, values in parse_qs(query).items()}
    assert codec.from_query(parameters)[:2] == (settings, ())
    data = json.loads(json.dumps({"version": codec.VERSION, "settings": settings.as_dict()}))
    assert codec.from_data(data)[:2] == (settings, ())


def test_data_round_trip():
    data = json.loads(json.dumps({"version": codec.VERSION, "settings": SETTINGS.as_dict()}))
    assert codec.from_data(data)[:2] == (SETTINGS, ())


def test_negative_prompts_round_trip():
    settings = replace(SETTINGS, negative=(Prompt("a dog", 2.0), Prompt("tram 12 :30")))
    parameters = dict(parse_qsl(codec.to_query(settings)))
    assert parameters["negative"] == "a dog :2\ntram 12 :30 :1"
    assert codec.from_query(parameters)[:2] == (settings, ())
    data = json.loads(json.dumps({"version": codec.VERSION, "settings": settings.as_dict()}))
    assert data["settings"]["negative"][0] == {"text": "a dog", "weight": 2.0}
    assert codec.from_data(data)[:2] == (settings, ())


def test_places_round_trip():
    prompts = (
        Prompt("an owl", 2.0, "left"),
        Prompt("a castle", 1.0, "0.1,0.2,0.5,0.8!"),
        Prompt("an owl @left"),
        Prompt("tram 12 :30", 1.0, "top-left"),
    )
    settings = replace(SETTINGS, prompts=prompts)
    parameters = dict(parse_qsl(codec.to_query(settings)))
    assert parameters["prompts"].splitlines() == [
        "an owl @left :2",
        "a castle @0.1,0.2,0.5,0.8!",
        "an owl @left @anywhere :1",
        "tram 12 :30 @top-left :1",
    ]
    assert codec.from_query(parameters)[:2] == (settings, ())
    data = json.loads(json.dumps({"version": codec.VERSION, "settings": settings.as_dict()}))
    assert data["settings"]["prompts"][0] == {"text": "an owl", "weight": 2.0, "place": "left"}
    assert data["settings"]["prompts"][2] == {"text": "an owl @left", "weight": 1.0}
    assert codec.from_data(data)[:2] == (settings, ())


def test_negative_prompt_has_no_place():
    recipe = codec.from_query({"prompts": "a cat", "negative": "a dog @left"})
    assert recipe.settings.negative == ()
    assert "“a dog” has the place “left”" in recipe.notes[0]


def test_recipe_without_negative_prompts_is_what_it_was():
    assert "negative" not in SETTINGS.as_dict()
    assert "negative" not in codec.to_query(SETTINGS)


def test_prompts_of_a_link_may_have_weights_below_0():
    recipe = codec.from_query({"prompts": "a cat | a dog :-2", "negative": "a tree"})
    assert recipe.settings.prompts == (Prompt("a cat"),)
    assert recipe.settings.negative == (Prompt("a dog", 2.0), Prompt("a tree"))
    assert recipe.notes == ()


@pytest.mark.parametrize("given", ["a dog :-1", "a dog :0", "|".join(["a dog"] * 9)])
def test_negative_prompts_that_are_none_are_left_out_with_a_note(given):
    recipe = codec.from_query({"prompts": "a cat", "negative": given})
    assert recipe.settings.negative == ()
    assert len(recipe.notes) == 1


def test_query_without_prompts_is_no_recipe():
    assert codec.from_query({"seed": "3"}) is None


@pytest.mark.parametrize(
    ("name", "given"),
    [
        ("steps", "0"),
        ("steps", "1e99"),
        ("cutouts", "lots"),
        ("epsilon", "nan"),
        ("seed", "-2"),
        ("distance", "../../etc/passwd"),
        ("lanes", "ot,ot"),
        ("lanes", ""),
    ],
)
def test_query_out_of_bounds_keeps_the_default_and_says_so(name, given):
    recipe = codec.from_query({"prompts": "a cat", name: given})
    assert recipe.settings == Settings((Prompt("a cat"),))
    assert len(recipe.notes) == 1
    assert name.rstrip("s") in recipe.notes[0]


def test_query_with_bad_prompts_is_said():
    recipe = codec.from_query({"prompts": "x" * 10_000})
    assert "10,000 characters" in recipe.notes[0]


@pytest.mark.parametrize(("version", "said"), [(0, "an older"), (99, "a newer")])
def test_query_of_another_version_is_said(version, said):
    assert f"version={codec.VERSION}" in codec.to_query(SETTINGS)
    recipe = codec.from_query({"prompts": "a cat", "version": str(version)})
    assert said in recipe.notes[0]


@pytest.mark.parametrize("version", ["", "x", "-1", "9" * 5000, "²"])
def test_query_with_a_version_that_is_none_is_read(version):
    assert codec.from_query({"prompts": "a cat", "version": version}).notes == ()


@pytest.mark.parametrize(
    ("id", "read"), [("0123456789ab", "0123456789ab"), ("../../etc/pa", ""), (3, ""), (None, "")]
)
def test_id_of_the_run_comes_along(id, read):
    assert codec.from_data({"id": id, "settings": SETTINGS.as_dict()}).id == read


def test_newer_version_and_unknown_setting_are_said():
    data = {"version": 99, "settings": SETTINGS.as_dict() | {"warp": 9}}
    recipe = codec.from_data(data)
    assert recipe.settings == SETTINGS
    assert "newer otgen" in recipe.notes[0]
    assert "warp" in recipe.notes[1]


@pytest.mark.parametrize(
    "data",
    [
        None,
        [],
        "x",
        {},
        {"settings": 3},
        {"settings": {"prompts": "a cat"}},
        {"settings": {"prompts": []}},
        {"settings": {"prompts": [{"text": 5}]}},
        {"settings": {"prompts": [{"text": "a", "weight": {}}]}},
    ],
)
def test_malformed_data_is_refused(data):
    with pytest.raises(InputError):
        codec.from_data(data)


def test_setting_of_a_wrong_type_is_left_out():
    data = {"version": 1, "settings": SETTINGS.as_dict() | {"steps": {"a": 1}, "seed": True}}
    recipe = codec.from_data(data)
    default = Settings(SETTINGS.prompts)
    assert recipe.settings == replace(SETTINGS, steps=default.steps, seed=default.seed)
    assert len(recipe.notes) == 2


@pytest.mark.parametrize("text", ["[" * 10_000, "{", '{"settings":' * 5000, "x" * 200_000])
def test_hostile_json_is_refused(text):
    with pytest.raises(InputError):
        codec.from_json(text)


def test_png_round_trip(tmp_path):
    text = json.dumps({"version": 1, "settings": SETTINGS.as_dict()})
    assert codec.from_file(_png(tmp_path / "a.png", text).read_bytes())[:2] == (SETTINGS, ())


def test_png_without_a_recipe_is_refused(tmp_path):
    with pytest.raises(InputError, match="carries no otgen recipe"):
        codec.from_file(_png(tmp_path / "a.png").read_bytes())


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def _raw_png(path, *chunks, size=(4, 4)):
    header = _chunk(b"IHDR", struct.pack(">IIBBBBB", *size, 8, 2, 0, 0, 0))
    pixels = _chunk(b"IDAT", zlib.compress(b"\0" * 52))
    path.write_bytes(
        b"\x89PNG\r\n\x1a\n" + header + b"".join(chunks) + pixels + _chunk(b"IEND", b"")
    )
    return path


def test_png_with_a_text_bomb_is_refused(tmp_path):
    bomb = b"otgen\0\1\0\0\0" + zlib.compress(b"[" * 50_000_000)
    with pytest.raises(InputError):
        codec.from_file(_raw_png(tmp_path / "bomb.png", _chunk(b"iTXt", bomb)).read_bytes())


def test_png_with_a_50_mb_text_is_refused(tmp_path):
    text = b"otgen\0\0\0\0\0" + b"x" * 50_000_000
    with pytest.raises(InputError, match="MB"):
        codec.from_file(_raw_png(tmp_path / "large.png", _chunk(b"iTXt", text)).read_bytes())


def test_png_that_claims_a_billion_pixels_is_refused(tmp_path):
    with pytest.raises(InputError):
        codec.from_file(_raw_png(tmp_path / "huge.png", size=(60_000, 60_000)).read_bytes())


@pytest.mark.parametrize(
    "content", [b"", b"GIF89a", b"<html>", b"\x89PNG\r\n\x1a\n", b"%PDF-1.4\x89PNG"]
)
def test_other_files_are_refused(tmp_path, content):
    file = tmp_path / "a.png"
    file.write_bytes(content)
    with pytest.raises(InputError):
        codec.from_file(file.read_bytes())


def test_png_that_is_a_page_as_well_gives_its_recipe_alone(tmp_path):
    text = json.dumps({"version": 1, "settings": SETTINGS.as_dict()})
    data = _png(tmp_path / "a.png", text).read_bytes() + b"<script>alert(1)</script>PK\x05\x06"
    assert codec.from_file(data).settings == SETTINGS


def test_result_json_gives_its_recipe():
    data = {"version": 1, "id": "0123456789ab", "settings": SETTINGS.as_dict(), "numbers": {}}
    assert codec.from_file(json.dumps(data).encode()) == (SETTINGS, (), "0123456789ab")


@pytest.mark.parametrize("text", ["a tram 12 :30", "a cat:2", "a cat :0", "16:9"])
def test_link_keeps_a_text_that_looks_as_if_it_had_a_weight(text):
    settings = Settings((Prompt(text), Prompt("a castle", 2.0)))
    assert codec.from_query(dict(parse_qsl(codec.to_query(settings)))).settings == settings


def test_negative_weight_is_written_as_short_as_others():
    written = codec.as_text((Prompt("a dog", -1.0), Prompt("tram 12 :30", -2.0)))
    assert written == "a dog :-1\ntram 12 :30 :-2"
