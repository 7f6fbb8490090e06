"""Who may import whom (left knows nothing of right), read from the source."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FILES = {
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path
    for path in sorted((ROOT / "otgen").rglob("*.py"))
}


@cache
def _imports(name: str, lazy: bool) -> set[str]:
    """Return the modules that a module names, with those named inside functions where ``lazy``."""
    tree = ast.parse(FILES[name].read_text())
    found, todo = set(), list(tree.body)
    while todo:
        node = todo.pop()
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{name} imports relatively"
            parts = {f"{node.module}.{alias.name}" for alias in node.names}
            found |= {part for part in parts if part in FILES} or {node.module}
        inside = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
        typing = isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test)
        if not typing and (lazy or not inside):
            todo += ast.iter_child_nodes(node)
    return found


def _reached(name: str) -> set[str]:
    """Return everything that importing a module leads to, whole packages by their first name."""
    reached, todo = set(), [name]
    while todo:
        for found in _imports(todo.pop(), lazy=False) - reached:
            reached.add(found)
            todo += [found] if found in FILES else []
    return reached | {found.split(".")[0] for found in reached}


def _named_by(package: str) -> set[str]:
    """Return the modules that name a package anywhere."""
    return {
        name
        for name in FILES
        if any(found.split(".")[0] == package for found in _imports(name, lazy=True))
    }


def _under(package: str) -> set[str]:
    return {name for name in FILES if name == package or name.startswith(f"{package}.")}


def test_ott_is_known_to_couplings_alone():
    assert _named_by("ott") == {"otgen.couplings"}


def test_torch_and_jax_meet_in_the_bridge_alone():
    assert _named_by("jax") == {"otgen.couplings", "otgen.bridge"}
    assert _named_by("jax") & _named_by("torch") == {"otgen.bridge"}


def test_the_film_encoder_is_known_to_the_timelapse_alone():
    assert _named_by("av") == {"otgen.timelapse"}


def test_gradio_is_known_to_the_page_alone():
    assert _named_by("gradio")
    assert _named_by("gradio") <= _under("otgen.ui")
    assert not any(
        found.startswith("otgen.ui")
        for name in set(FILES) - _under("otgen.ui")
        for found in _imports(name, lazy=True)
    )


def test_generators_know_nothing_of_clip_matching_or_prompts():
    far = {
        f"otgen.{name}"
        for name in ("embeddings", "objective", "couplings", "bridge", "distances", "cutouts")
    }
    for name in _under("otgen.generators"):
        assert not _reached(name) & far, name
        for node in ast.walk(ast.parse(FILES[name].read_text())):
            if isinstance(node, ast.ImportFrom) and node.module == "otgen.prompts":
                assert {alias.name for alias in node.names} <= {"InputError", "shorten"}, name


def test_objective_knows_no_generator():
    assert not any(found.startswith("otgen.generators") for found in _reached("otgen.objective"))


def test_what_only_reads_and_draws_knows_neither_torch_nor_jax():
    names = ("prompts", "settings", "experiments", "analysis", "crops", "store", "timelapse")
    names += ("history", "recipes", "bundle", "thumbnails", "__main__")
    light = {f"otgen.{name}" for name in names}
    for name in light | _under("otgen.plots"):
        assert not _reached(name) & {"torch", "jax"}, name


def test_order_is_kept():
    order = [
        *(
            "prompts",
            "lanes",
            "settings",
            "experiments",
            "couplings",
            "bridge",
            "objective",
            "descent",
            "loaded",
            "beforehand",
            "comparison",
            "engine",
            "jobs",
        ),
        *("ui.page",),
    ]
    for place, name in enumerate(order):
        reached = _reached(f"otgen.{name}")
        assert not reached & {f"otgen.{later}" for later in order[place:]}, name


def test_nothing_imports_itself_in_a_circle():
    for name in FILES:
        assert name not in _reached(name), name


def test_nothing_that_runs_imports_the_storybooks_training():
    own = _under("otgen.training")
    for name in FILES.keys() - own:
        assert not own & _imports(name, lazy=True)
