"""Projective maps: corners go to corners, lines stay lines, in numpy and in torch alike."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from otgen.guidance.homography import homography

SQUARE = np.array([[0, 0], [1, 0], [1, 1], [0, 1]])


@pytest.mark.parametrize("kind", [np.asarray, torch.from_numpy], ids=["numpy", "torch"])
def test_corners_go_to_corners_and_a_diagonal_stays_a_line(kind):
    corners = SQUARE + np.random.default_rng(0).uniform(-0.2, 0.2, (5, 4, 2))
    points = np.concatenate([SQUARE, [[0.5, 0.5], [0.25, 0.25], [0.75, 0.75]]])
    across, down, origin, g, h = (np.asarray(part) for part in homography(kind(corners)))
    for row, wanted in enumerate(corners):
        above = points @ np.stack([across[row], down[row]]) + origin[row]
        points_after = above / (points @ (g[row], h[row]) + 1)[:, None]
        np.testing.assert_allclose(points_after[:4], wanted, atol=1e-12)
        for point in points_after[4:]:  # the diagonal's points and its ends span no area
            (x, y), (u, v) = wanted[2] - wanted[0], point - wanted[0]
            assert abs(x * v - y * u) < 1e-12
