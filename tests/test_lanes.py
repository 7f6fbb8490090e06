"""Lanes by name."""

from otgen.lanes import Lane, lane_of, slug, title


def test_lane_without_an_epsilon_has_the_runs():
    assert lane_of("ot", 0.3) == Lane("ot", 0.3)
    assert lane_of("ot@0.01", 0.3) == Lane("ot", 0.01)
    assert lane_of("mean", 0.3).coupling == "mean"


def test_lane_has_a_title_for_people_and_a_name_for_files():
    assert [title(name) for name in ("ot", "mean", "ot@0.01", "made up")] == [
        "Optimal transport",
        "Mean of distances",
        "OT, ε 0.01",
        "made up",
    ]
    assert slug("ot@0.01") == "ot-0.01"
    assert slug("mean") == "mean"
