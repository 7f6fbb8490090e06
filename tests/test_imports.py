"""Who may import whom, read from the source."""

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
    imported, todo = set(), list(tree.body)
    while todo:
        node = todo.pop()
        if isinstance(node, ast.Import):
            imported |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{name} imports relatively"
            parts = {f"{node.module}.{alias.name}" for alias in node.names}
            imported |= {part for part in parts if part in FILES} or {node.module}
        inside = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
        typing = isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test)
        if not typing and (lazy or not inside):
            todo += ast.iter_child_nodes(node)
    return imported


def _reached(name: str) -> set[str]:
    """Return everything that importing a module leads to, whole packages by their first name."""
    reached, todo = set(), [name]
    while todo:
        for module in _imports(todo.pop(), lazy=False) - reached:
            reached.add(module)
            todo += [module] if module in FILES else []
    return reached | {module.split(".")[0] for module in reached}


def _named_by(package: str) -> set[str]:
    """Return the modules that name a package anywhere."""
    return {
        name
        for name in FILES
        if any(module.split(".")[0] == package for module in _imports(name, lazy=True))
    }


def _under(package: str) -> set[str]:
    return {name for name in FILES if name == package or name.startswith(f"{package}.")}


# Each package imports from those before it alone; so does each module of a package.
ORDER = (
    *("lazy", "world", "recipe", "models", "transport", "painters", "guidance"),
    *("explain", "results", "run", "api", "service", "study", "ui", "cli"),
)


def _package(name: str) -> str:
    return name.split(".")[1] if "." in name else ""


def test_every_package_has_its_place_in_the_order():
    assert {_package(name) for name in FILES} - {"", "__main__"} == {*ORDER, "training"}


def test_packages_import_downwards_alone():
    """What is imported for types alone counts too: a name that points upwards misleads a reader."""
    for name in FILES:
        if _package(name) in ORDER:
            allowed = ORDER[: ORDER.index(_package(name)) + 1]
            for node in ast.walk(ast.parse(FILES[name].read_text())):
                if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("otgen."):
                    assert _package(node.module) in allowed, f"{name} imports {node.module}"


def test_the_command_line_loads_the_page_only_to_serve_it():
    for name in _under("otgen.cli"):
        of_page = {module for module in _imports(name, lazy=True) if _package(module) == "ui"}
        assert of_page <= ({"otgen.ui.page"} if name == "otgen.cli.main" else set()), name
        assert not any(_package(module) == "ui" for module in _imports(name, lazy=False)), name


def test_nothing_that_runs_imports_the_training():
    own = _under("otgen.training")
    for name in FILES.keys() - own:
        assert not own & _imports(name, lazy=True), name


def test_ott_is_known_to_sinkhorn_alone():
    assert _named_by("ott") == {"otgen.transport.sinkhorn"}


def test_torch_and_jax_meet_in_the_bridge_alone():
    names = ("compiled", "coupled", "couplings", "sinkhorn")
    solvers = {f"otgen.transport.{name}" for name in names}
    assert _named_by("jax") == {*solvers, "otgen.transport.bridge"}
    assert _named_by("jax") & _named_by("torch") == {"otgen.transport.bridge"}


def test_the_film_encoder_is_known_to_the_timelapse_alone():
    assert _named_by("av") == {"otgen.explain.timelapse"}


def test_parquet_is_known_to_the_table_of_studies_alone():
    assert _named_by("pyarrow") == {"otgen.study.table"}


def test_the_page_loads_nothing_of_studies_but_their_reports():
    of_studies = {module for module in _reached("otgen.ui.page") if _package(module) == "study"}
    assert of_studies == {"otgen.study.kept"}


def test_gradio_is_known_to_the_page_alone():
    assert _named_by("gradio")
    assert _named_by("gradio") <= _under("otgen.ui")


def test_painters_know_nothing_of_prompts():
    for name in _under("otgen.painters"):
        for node in ast.walk(ast.parse(FILES[name].read_text())):
            if isinstance(node, ast.ImportFrom) and node.module == "otgen.recipe.prompts":
                assert {alias.name for alias in node.names} <= {"InputError", "shorten"}, name


def test_objective_knows_no_painter():
    known = {name for name in _reached("otgen.guidance.objective") if _package(name) == "painters"}
    interface = {"otgen.painters.opinion", "otgen.painters.randomness"}
    assert known <= interface | {"otgen.painters"}


def test_what_only_plans_reads_draws_and_serves_loads_neither_torch_nor_jax():
    light = {
        name
        for name in FILES
        if _package(name)
        in ("world", "recipe", "explain", "results", "service", "study", "ui", "cli")
    }
    light |= {"otgen.run.plan", "otgen.painters.catalogue", "otgen.models.catalogue"}
    for name in light:
        assert not _reached(name) & {"torch", "jax"}, name


def test_nothing_imports_itself_in_a_circle():
    for name in FILES:
        assert name not in _reached(name), name
