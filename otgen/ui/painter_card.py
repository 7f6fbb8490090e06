"""The painter's card as HTML: what it paints best, what it asks for, whether it can run here."""

from __future__ import annotations

from html import escape

from otgen.models.catalogue import TABLE
from otgen.painters.catalogue import GENERATORS, card
from otgen.service.availability import Verdict, amount, download_bytes, licences, memory_bytes

_SHIPS = "MIT, as otgen itself"
CHECKING = '<p class="looking">Checking this machine…</p>'


def facts(generator: str, encoder: str | None) -> str:
    """Return what is always true of a painter and an encoder, its own where None."""
    about = card(generator)
    models = about.models(encoder)
    download, named = download_bytes(models), licences(models)
    rows = {
        "Paints best": about.best,
        "Download": f"{amount(download)}, once" if download else "none",
        "Memory": f"{amount(memory_bytes(models))} for its models",
    }
    rows = {name: escape(said) for name, said in rows.items()}
    rows["Licence"] = "\n".join(map(_licence, named.items())) or _SHIPS
    listed = "".join(f"<div><dt>{name}</dt><dd>{said}</dd></div>" for name, said in rows.items())
    kind = "full" if named else "mini"
    return f'<div class="facts {kind}"><p>{escape(about.summary)}</p><dl>{listed}</dl></div>'


def _licence(named: tuple[str, str]) -> str:
    """Return a model's licence with a link to its terms."""
    name, licence = named
    terms = escape(TABLE[name].terms)
    link = f' (<a href="{terms}" target="_blank" rel="noopener">terms</a>)' if terms else ""
    return f"{escape(name)}: {escape(licence)}{link}"


def here(verdict: Verdict, note: str = "") -> str:
    """Return whether it can paint on this machine, and the painter to take where it can't."""
    said = "".join(
        f"<p>{escape(sentence)}</p>" for sentence in (note, verdict.sentence) if sentence
    )
    if not verdict.instead:
        return said
    title = escape(GENERATORS[verdict.instead].title)
    return (
        f'{said}<button type="button" class="instead" data-painter="{verdict.instead}">'
        f"Paint with {title} instead</button>"
    )
