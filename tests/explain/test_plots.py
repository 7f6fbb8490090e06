"""Every plot of made-up runs: it draws, it is fair to both lanes, and no prompt can break it."""

from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from xml.dom import minidom

import numpy as np
import pytest
from matplotlib.figure import Figure
from PIL import Image
from records import avoiding, counts, record

from otgen.explain import metrics
from otgen.explain.crops import SIDE, crops
from otgen.explain.plots import PLOTS, save, to_png, to_svg
from otgen.explain.plots.board import Board, safe
from otgen.explain.plots.plane import default_pairs, plane
from otgen.explain.plots.sheets import _strip, sheets
from otgen.explain.plots.space import space
from otgen.explain.plots.style import DARK, LIGHT
from otgen.explain.plots.view import view

AWKWARD = (
    "$x_1 \\frac{a}{b}$ and 5$",
    "<b>bold</b> & <script>",
    "🐈 cat 👩‍👩‍👧 🏰",
    "一只猫和一座城堡",
    "قطة وقلعة",
    "a very long prompt " * 20,
    "tab\there\nline\x00null \ud800",
)


def _size(png: bytes) -> tuple[int, int]:
    with Image.open(BytesIO(png)) as picture:
        return picture.size


@pytest.mark.parametrize("name", PLOTS)
@pytest.mark.parametrize(("m", "lanes"), [(1, 2), (2, 1), (3, 5), (16, 2)])
def test_plot_draws_at_its_width_and_says_its_numbers(name, m, lanes):
    plot = PLOTS[name]
    if m < plot.least:
        pytest.skip("needs more prompts")
    made = record(("ot", "mean", "eps 1", "eps 10", "eps 100")[:lanes], m, n=20)
    if plot.negative:
        made = avoiding(made)
    for dark, width in ((False, 900), (True, 390)):
        figure = plot.draw(made, dark=dark, width=width)
        assert isinstance(figure, Figure)
        assert _size(to_png(figure, scale=0.5))[0] == width // 2
    said = plot.describe(made)
    assert "Optimal transport" in said
    assert any(character.isdigit() for character in said)


def test_sentence_states_the_counts_that_are_drawn():
    made = record()
    said = PLOTS["sheets"].describe(made)
    for count, prompt in zip(counts(made.cost[-1, 0]), made.prompts, strict=True):
        assert f"{count} “{prompt}”" in said


def test_space_refuses_two_prompts():
    with pytest.raises(ValueError, match="three prompts"):
        space(record(m=2))


@pytest.mark.parametrize("name", PLOTS)
def test_awkward_prompts_neither_warn_nor_fail(name):
    made = avoiding(record(m=len(AWKWARD), n=20, prompts=AWKWARD), *AWKWARD)
    figure, text = PLOTS[name].draw(made, width=390), PLOTS[name].describe(made)
    assert to_png(figure, text=text)[:4] == b"\x89PNG"
    svg = to_svg(figure, text)
    assert b"<script" not in svg
    minidom.parseString(svg)


def test_safe_keeps_what_can_be_drawn():
    assert safe("$a$ <b> قطة é") == "$a$ <b> قطة é"
    assert safe("a\x00b\u200b") in ("ab", "ab\u200b")


def test_fit_never_exceeds_its_room():
    board = Board(400, 100, LIGHT)
    for text in AWKWARD:
        text = board.write(0, 0, text, 13, most=150)
        assert text.get_window_extent(board._renderer).width <= 151  # a pixel for rounding


def test_plane_shows_the_pair_that_is_chosen_and_says_its_numbers():
    made = record(m=4)
    axes = [each for each in plane(made, of=(3, 1), moment=1).axes if each.collections]
    assert len(axes) == 2
    dots = axes[0].collections[-1].get_offsets()
    np.testing.assert_allclose(dots, made.cost[1, 0][:, [3, 1]])
    said = PLOTS["plane"].describe(made, moment=1, of=(3, 1))
    agree = metrics.resultant(made.tangents[1, 0][:, [3, 1]])
    assert f"arrows agree {agree:.2f}" in said
    assert "“prompt 3” and “prompt 1”" in said


def test_lines_mark_a_moment_that_is_not_the_last():
    def marks(moment: int) -> list[float]:
        figure = PLOTS["lines"].draw(record(m=2), moment=moment)
        lines = [line for axes in figure.axes for line in axes.lines if len(line.get_xdata()) == 2]
        return [line.get_xdata()[0] for line in lines if line.get_xdata()[0] == 2]

    assert marks(2) == [2] * 8  # two lanes' areas and six panels
    assert marks(3) == marks(-1) == []


def test_lanes_share_axes_and_an_axis_unit_is_as_long_across_as_up():
    axes = [each for each in plane(record(m=2)).axes if each.collections]
    assert len(axes) == 2
    assert axes[0].get_xlim() == axes[1].get_xlim()
    assert axes[0].get_ylim() == axes[1].get_ylim()
    assert np.ptp(axes[0].get_xlim()) == pytest.approx(np.ptp(axes[0].get_ylim()))
    spaces = space(record(m=3)).axes
    assert spaces[0].get_zlim() == spaces[1].get_zlim()


def test_arrows_are_the_descent_at_one_scale_and_stay_inside():
    made = record(m=4)
    seen = view(made, (1, 3), -1)
    scale = seen.arrows / -made.tangents[-1][..., [1, 3]]
    np.testing.assert_allclose(scale, scale.flat[0])
    assert scale.flat[0] > 0
    for points in (made.cost[-1][..., [1, 3]], made.cost[-1][..., [1, 3]] + seen.arrows):
        assert (points >= seen.limits[:, 0]).all()
        assert (points <= seen.limits[:, 1]).all()


def test_sheets_show_the_six_closest_or_all():
    made = record(m=2, n=30)
    for lane in range(2):
        for prompt, members in enumerate(metrics.groups(made.cost[-1, lane])):
            assert list(members) == sorted(members, key=lambda i: made.cost[-1, lane, i, prompt])
    cut = crops(made, 0, -1, range(6))
    strip, _ = _strip(cut, 6, SIDE)
    for place in range(6):
        part = strip[:SIDE, place * (SIDE + 4) :][:, :SIDE, :3]
        np.testing.assert_array_equal(part, cut[place])

    def tiles(every: bool) -> float:
        """Count the cutouts in the figure by their opaque pixels."""
        images = [image for axes in sheets(made, every=every).axes for image in axes.images]
        return sum((image.get_array()[..., 3] == 255).sum() for image in images) / SIDE**2

    counted = counts(made.cost[-1])
    assert tiles(False) == np.minimum(counted, 6).sum()
    assert tiles(True) == counted.sum() == 60


def test_sheets_show_the_cutouts_of_their_moment():
    made = record(m=2, n=30)
    for moment in (1, -1):
        (first, *_) = (axes.images[0] for axes in sheets(made, moment=moment).axes if axes.images)
        closest = metrics.groups(made.cost[moment, 0])[0][:6]
        strip, _ = _strip(crops(made, 0, moment, closest), 6, 67)
        shown = first.get_array()
        np.testing.assert_array_equal(shown[..., :3][:, :SIDE], strip[..., :3][:, :SIDE])
        counted = counts(made.cost[moment, 0])[0]
        assert f"{counted} “prompt 0”" in PLOTS["sheets"].describe(made, moment=moment)


def test_default_pairs_are_few_and_distinct():
    assert default_pairs(2) == ((0, 1),)
    assert default_pairs(3) == ((0, 1), (0, 2), (1, 2))
    assert default_pairs(6) == default_pairs(16) == ((0, 1), (2, 3), (4, 5))


def test_themes_reach_the_paper():
    made = record(m=2)
    for dark, theme in ((False, LIGHT), (True, DARK)):
        with Image.open(BytesIO(to_png(sheets(made, dark=dark), scale=1))) as picture:
            assert "#{:02x}{:02x}{:02x}".format(*picture.getpixel((1, 1))[:3]) == theme.paper


def test_threads_draw_at_once_and_alike():
    made = avoiding(record(m=3, n=20))
    draws = list(PLOTS.values()) * 2

    def draw(plot) -> bytes:
        return to_png(plot.draw(made), scale=0.5)

    alone = [draw(plot) for plot in draws[: len(PLOTS)]]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(draw, draws))
    assert together == alone * 2


@pytest.mark.parametrize(("m", "kinds"), [(2, 5), (3, 6)])
def test_saved_plots_are_pictures_and_vectors(tmp_path, m, kinds):
    files = save(record(("ot", "mean"), m, n=20), tmp_path)
    assert sorted(files) == sorted(tmp_path.iterdir())
    assert len(files) == 2 * kinds
    for file in files:
        data = file.read_bytes()
        assert data.startswith(b"\x89PNG") if file.suffix == ".png" else b"<svg" in data[:1000]


def test_lanes_that_keep_no_shares_say_so_with_their_mass():
    made = record(lanes=("ot", "background@0.9", "nearest"), m=2)
    plan = made.plan.copy()
    plan[:, 1] *= 0.62
    said = PLOTS["shares"].describe(made._replace(plan=plan))
    optimal, background, nearest = said.split("; ")
    assert "not kept" not in optimal
    assert (
        "OT with background, τ 0.9: shares not kept, mass 62%, “prompt 0” asked for" in background
    )
    assert "Nearest prompts: shares not kept, “prompt 0” asked for" in nearest
    text = [part.get_text() for part in PLOTS["shares"].draw(made._replace(plan=plan)).texts]
    assert {"shares not kept, mass 62%", "shares not kept"} <= set(text)
    plain = PLOTS["shares"].draw(record(m=2)).texts
    assert not any("not kept" in part.get_text() for part in plain)


def test_maps_show_where_cutouts_were_drawn():
    made = record(m=2)
    steps, n = len(made.moments), made.cost.shape[2]
    weights = np.where(np.arange(n) < n // 2, 0.5, 1.5) / n
    made = made._replace(
        weights=np.stack([weights] * steps), recent_weights=weights[None].repeat(3, 0)
    )
    figure, plain = PLOTS["maps"].draw(made), PLOTS["maps"].draw(record(m=2))
    text = [part.get_text() for part in figure.texts]
    assert text.count("Cutouts drawn") == 2  # of two lanes
    assert any("the 40 tell as much as 32 of equal weight" in part for part in text)
    assert "the 40 tell as much as 32 of equal weight." in PLOTS["maps"].describe(made)
    assert not any("Cutouts drawn" in part.get_text() for part in plain.texts)
    assert "drawn" not in PLOTS["maps"].describe(record(m=2))


def test_maps_outline_the_places_and_say_them():
    made = record(m=3, places=("left", "", "0.1,0.2,0.5,0.8!"))
    outlines = [len(axes.patches) for axes in PLOTS["maps"].draw(made).axes if axes.images]
    assert outlines == [4, 0, 2, 0, 2] * 2  # the picture, owners, prompts; two lines each
    said = PLOTS["maps"].describe(made)
    assert said.endswith("Places asked for: “prompt 0” left, “prompt 2” 0.1,0.2,0.5,0.8.")
    assert "Places" not in PLOTS["maps"].describe(record(m=3))
