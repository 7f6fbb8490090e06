"""Options from a YAML file."""

import pytest

from otgen.cli.config import options
from otgen.recipe.files import LARGEST
from otgen.recipe.prompts import InputError

KNOWN = {"prompts", "negative", "lanes", "steps", "plots"}


def test_options_are_read_by_name(tmp_path):
    file = tmp_path / "run.yaml"
    file.write_text(
        "prompts: [a cat, {text: a castle, weight: 2}]\nsteps: 40\nplots: yes\n"
        "negative: [a dog, {text: a tree, weight: 2}]\n"
    )
    assert options(file, KNOWN) == {
        "prompts": ["a cat", {"text": "a castle", "weight": 2}],
        "steps": 40,
        "plots": True,
        "negative": ["a dog", {"text": "a tree", "weight": 2}],
    }


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("stepz: 4", "gives “stepz”, which is no option of this command: try steps"),
        ("steps: [4]", "gives steps as a list or a table"),
        ("prompts: [[a cat]]", "try one prompt a line, - a cat"),
        ("a: b: c", "is not YAML at line 1"),
        ("a cat", "holds no options"),
        ("- a\n" * LARGEST, "more than 100 kB"),
        ("a: !!python/object/apply:os.getcwd []", "is not YAML at line 1"),
        ("a: &a [x, x]\nsteps: &b [*a, *a]", "gives “a”"),
    ],
)
def test_wrong_file_is_one_sentence(tmp_path, text, sentence):
    file = tmp_path / "run.yaml"
    file.write_text(text)
    with pytest.raises(InputError, match=sentence):
        options(file, KNOWN)


def test_missing_file_is_named(tmp_path):
    with pytest.raises(InputError, match=r"can't be read \(No such file"):
        options(tmp_path / "none.yaml", KNOWN)
