"""A Space is published by `hf` as it is installed, to a hub on the loopback."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from space_hub import SpaceHub

ROOT = Path(__file__).resolve().parents[1]
SPACE = "ada/otgen"


@pytest.fixture
def hub():
    served = SpaceHub()
    yield served
    served.close()


def publish(hub: SpaceHub, folder: Path, *arguments: str, token: str | None = None):
    environment = {name: value for name, value in os.environ.items() if name != "HF_TOKEN"}
    return subprocess.run(
        [sys.executable, "scripts/publish.py", *arguments],
        cwd=ROOT,
        env=environment | (hub.env(folder) if token is None else hub.env(folder, token)),
        capture_output=True,
        text=True,
    )


def committed(*paths: str) -> set[str]:
    listed = ["git", "ls-tree", "-r", "--name-only", "HEAD", "--", *paths]
    return set(subprocess.check_output(listed, cwd=ROOT, text=True).splitlines())


def test_dry_run_says_what_would_go_and_sends_nothing(hub, tmp_path):
    ran = publish(hub, tmp_path, SPACE, "--dry-run")
    assert ran.returncode == 0, ran.stderr
    assert "hf repos create ada/otgen --type space --sdk gradio --flavor zero-a10g" in ran.stdout
    files_of = dict(re.findall(r"^  (\S+) +(\d+) files", ran.stdout, re.MULTILINE))
    assert int(files_of["assets"]) == len(committed("assets"))
    assert not files_of.keys() & {"tests", "scripts", ".git", "Makefile"}
    assert hub.created == {}


@pytest.mark.slow
def test_space_holds_the_last_commit_without_tests_and_history(hub, tmp_path):
    ran = publish(hub, tmp_path, SPACE)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    created = hub.created[SPACE]
    assert (created["type"], created["sdk"]) == ("space", "gradio")
    assert created["hardware"] == "zero-a10g"
    files = hub.files[SPACE]
    assert committed("otgen", "assets", "docs", "app.py", "requirements.txt") <= files.keys()
    assert not [path for path in files if path.startswith((".git/", "tests/", "scripts/", ".c"))]
    assert not [path for path in files if "__pycache__" in path]
    for path in ("README.md", "assets/page.png", "assets/storybook-clip/model.safetensors"):
        last = subprocess.check_output(["git", "show", f"HEAD:{path}"], cwd=ROOT)
        assert files[path] == last
    assert files["assets/page.png"] in hub.large.values()
    hub.files[SPACE]["otgen/gone.py"] = b""  # of an older version
    sent = len(hub.large)
    again = publish(hub, tmp_path, SPACE)
    assert again.returncode == 0, again.stdout + again.stderr
    assert "otgen/gone.py" not in hub.files[SPACE]
    assert ".gitattributes" in hub.files[SPACE]  # the hub's own
    assert len(hub.large) == sent


def test_who_may_not_publish_is_told_what_to_do(hub, tmp_path):
    ran = publish(hub, tmp_path, SPACE, token="hf_wrong")
    assert ran.returncode != 0
    assert "hf auth login" in ran.stderr
    hub.closed_to = "zero-a10g"
    ran = publish(hub, tmp_path, SPACE)
    assert ran.returncode != 0
    assert "create it on huggingface.co/new-space" in ran.stderr
    assert hub.created == {}


def test_a_name_that_is_none_is_refused(hub, tmp_path):
    ran = publish(hub, tmp_path, "otgen")
    assert ran.returncode == 2
    assert "give user/name" in ran.stderr
