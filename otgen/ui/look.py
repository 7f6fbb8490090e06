"""How the page looks: gradio's theme in quiet neutrals; colour belongs to prompts and pictures."""

from __future__ import annotations

from pathlib import Path

import gradio as gr

_SHEETS = ("page", "words", "explain", "experiments")
_STATIC = Path(__file__).with_name("static")
CSS = [_STATIC / f"{name}.css" for name in _SHEETS]


def script(*names: str) -> str:
    """Return scripts of ``static``, one after another."""
    return "\n".join((_STATIC / f"{name}.js").read_text(encoding="utf-8") for name in names)


_FONT = [
    "system-ui",
    "-apple-system",
    "Segoe UI",
    "Roboto",
    "Helvetica Neue",
    "Arial",
    "sans-serif",
]
_MONO = ["ui-monospace", "SFMono-Regular", "Menlo", "Consolas", "monospace"]
_PAPER, _NIGHT = "#fbfaf8", "#141416"
_CARD, _CARD_DARK = "#ffffff", "#1c1c1f"
_INK, _INK_DARK = "#1d1d1f", "#ededee"
_QUIET, _QUIET_DARK = "#62626a", "#a1a1aa"
_RULE, _RULE_DARK = "#e4e2dd", "#323237"


def theme() -> gr.themes.Base:
    """Return the theme; it loads nothing from outside."""
    return gr.themes.Base(
        primary_hue="stone",
        secondary_hue="stone",
        neutral_hue="stone",
        radius_size="lg",
        font=_FONT,
        font_mono=_MONO,
    ).set(
        body_background_fill=_PAPER,
        body_background_fill_dark=_NIGHT,
        body_text_color=_INK,
        body_text_color_dark=_INK_DARK,
        body_text_color_subdued=_QUIET,
        body_text_color_subdued_dark=_QUIET_DARK,
        background_fill_primary=_CARD,
        background_fill_primary_dark=_CARD_DARK,
        background_fill_secondary="#f4f2ee",
        background_fill_secondary_dark="#232327",
        border_color_primary=_RULE,
        border_color_primary_dark=_RULE_DARK,
        block_background_fill="transparent",
        block_background_fill_dark="transparent",
        block_border_width="0px",
        block_border_width_dark="0px",
        block_shadow="none",
        block_shadow_dark="none",
        block_padding="0px",
        block_label_text_color=_QUIET,
        block_label_text_color_dark=_QUIET_DARK,
        block_title_text_color=_INK,
        block_title_text_color_dark=_INK_DARK,
        block_title_text_weight="600",
        block_title_text_size="14px",
        block_info_text_color=_QUIET,
        block_info_text_color_dark=_QUIET_DARK,
        input_background_fill=_CARD,
        input_background_fill_dark=_CARD_DARK,
        input_border_color=_RULE,
        input_border_color_dark=_RULE_DARK,
        input_border_width="1px",
        input_shadow="none",
        button_primary_background_fill=_INK,
        button_primary_background_fill_dark=_INK_DARK,
        button_primary_background_fill_hover="#000000",
        button_primary_background_fill_hover_dark="#ffffff",
        button_primary_text_color="#ffffff",
        button_primary_text_color_dark="#17171a",
        button_secondary_background_fill="transparent",
        button_secondary_background_fill_dark="transparent",
        button_secondary_background_fill_hover="#f1efea",
        button_secondary_background_fill_hover_dark="#26262a",
        button_secondary_border_color=_RULE,
        button_secondary_border_color_dark=_RULE_DARK,
        button_secondary_text_color=_INK,
        button_secondary_text_color_dark=_INK_DARK,
        button_border_width="1px",
        checkbox_background_color_selected=_INK,
        checkbox_background_color_selected_dark="#8e8e96",
        checkbox_border_color_selected=_INK,
        checkbox_border_color_selected_dark="#8e8e96",
        slider_color=_INK,
        slider_color_dark=_INK_DARK,
    )
