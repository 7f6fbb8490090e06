"""What axe-core finds wrong with a page."""

from __future__ import annotations

from axe_playwright_python.sync_playwright import Axe


def grave(page) -> list[str]:
    """Return what axe calls critical or serious, a line each."""
    violations = Axe().run(page, options={"resultTypes": ["violations"]}).response["violations"]
    return [
        f"{rule['id']}: {node['target']} {node['failureSummary']}"
        for rule in violations
        if rule["impact"] in ("critical", "serious")
        for node in rule["nodes"]
    ]
