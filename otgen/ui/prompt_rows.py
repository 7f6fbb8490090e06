"""The prompt rows and the words for them: one component of rows, {"text", "weight", "place"}.

A row whose weight begins with a minus is a negative prompt.
"""

from __future__ import annotations

import gradio as gr

from otgen.explain.palette import PALETTE
from otgen.recipe.places import LEAST, NAMED
from otgen.recipe.prompts import MOST_NEGATIVE, MOST_PROMPTS
from otgen.ui import vocabulary
from otgen.ui.look import script

_HINTS = ("a cat", "a castle", "a tree at sunset", "the ocean")
# One scope: what is named in one file is used in the others.
_SCRIPTS = ("phrases", "strangers", "prompts", "parting", "draw", "words", "search", "surprise")

# Gradio evaluates the template, so neither prompts nor words enter it: the scripts fill it.
_TEMPLATE = """
<div class="head"><h2 id="prompts-title">Prompts</h2>
<span><span title="Where in the picture a prompt belongs">place</span>
<span title="How much a prompt should get, next to the others">share</span></span></div>
<ol class="rows" aria-labelledby="prompts-title"></ol>
<div class="under"><span><button class="add" type="button">+ Add a prompt</button>
<button class="avoid" type="button" title="Something that the picture is not to show">+ Not
this</button>
<button class="picture" type="button" title="A picture as a prompt; or drop one on the rows. What is
transparent becomes white">+ Picture</button></span><span>
<button class="undo" type="button" hidden>Undo</button>
<button class="redo" type="button" hidden>Redo</button>
<button class="surprise" type="button" title="Other prompts, of this painter's words">Surprise
me</button></span></div>
<div class="words" role="group" aria-label="Words that the painter knows">
<div class="search"><svg viewBox="0 0 16 16" aria-hidden="true"><circle cx="7" cy="7" r="4.5"/>
<path d="m10.5 10.5 3.5 3.5"/></svg>
<input type="text" role="combobox" aria-expanded="false" aria-controls="found-words"
aria-autocomplete="list" aria-label="Find a word" autocomplete="off" autocapitalize="none"
spellcheck="false">
<div class="found" hidden><ul id="found-words" role="listbox" aria-label="Words found"></ul>
<p class="count" aria-hidden="true"></p></div></div>
<div class="kinds" role="tablist" aria-label="Kinds of words"></div>
<div class="chips" role="tabpanel" id="words-of-kind"></div></div>
<p class="said visually-hidden" role="status"></p>
<dialog class="draw" aria-labelledby="draw-title"><h3 id="draw-title"></h3>
<div class="pad"><img alt=""><div class="others" aria-hidden="true"></div>
<div class="box" tabindex="0" role="application" aria-describedby="draw-hint draw-numbers">
<i data-stays="23"></i><i data-stays="03"></i><i data-stays="21"></i><i data-stays="01"></i></div>
</div>
<p class="numbers" id="draw-numbers" aria-live="polite"></p>
<p class="hint" id="draw-hint">Arrow keys move it; with Shift, they resize it.</p>
<label><input type="checkbox" class="strict"> strictly there</label>
<div class="answers"><button class="cancel" type="button">Cancel</button>
<button class="use" type="button">Use this box</button></div></dialog>
"""


def prompt_rows(rows: list[dict[str, str]], painter: str, encoder: str) -> gr.HTML:
    """Return the component, filled with rows, with the words of a painter."""
    return gr.HTML(
        rows,
        html_template=_TEMPLATE,
        js_on_load=script(*_SCRIPTS),
        apply_default_css=False,
        elem_id="prompts",
        palette=PALETTE,
        places=NAMED,
        least_side=LEAST,
        most=MOST_PROMPTS,
        most_negative=MOST_NEGATIVE,
        hints=_HINTS,
        worlds=vocabulary.worlds(),
        painters=vocabulary.PAINTERS,
        encoders=vocabulary.ENCODERS,
        first={"painter": painter, "encoder": encoder},
    )
