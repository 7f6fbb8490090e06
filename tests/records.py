"""Made-up runs for the tests of numbers and plots."""

from functools import cache

import numpy as np

from otgen.explain.evidence import Record


def counts(cost: np.ndarray) -> np.ndarray:
    """Count the cutouts nearest to each prompt: cost [..., n, m] -> [..., m]."""
    return (cost.argmin(-1)[..., None] == np.arange(cost.shape[-1])).sum(-2)


def record(lanes=("ot", "mean"), m=3, n=40, moments=4, recent=3, seed=0, **changes) -> Record:
    """Make up a run; its plans are sharp in the first lane and a b^T in the others."""
    return _made(tuple(lanes), m, n, moments, recent, seed)._replace(**changes)


@cache
def _made(lanes: tuple[str, ...], m: int, n: int, moments: int, recent: int, seed: int) -> Record:
    draw = np.random.default_rng(seed)
    shares = draw.dirichlet(np.full(m, 5.0)).astype(np.float32)
    cost = draw.uniform(0.2, 1.2, (moments, len(lanes), n, m))

    def plans(steps: int) -> np.ndarray:
        flat = np.broadcast_to(shares / n, (steps, len(lanes), n, m)).copy()
        for step in range(steps):
            plan = np.exp(-draw.uniform(0, 8, (n, m)))
            for _ in range(500):  # Sinkhorn
                plan *= shares / plan.sum(0)
                plan /= n * plan.sum(1, keepdims=True)
            flat[step, 0] = plan
        return flat

    def corners(steps: int) -> np.ndarray:
        square = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]]) / 2
        angle = draw.uniform(-0.2, 0.2, (steps, n, 1))
        turned = np.stack(
            [
                square[:, 0] * np.cos(angle) - square[:, 1] * np.sin(angle),
                square[:, 0] * np.sin(angle) + square[:, 1] * np.cos(angle),
            ],
            -1,
        )
        extent = draw.uniform(0.2, 0.6, (steps, n, 1, 1))
        mirrored = draw.random((steps, n, 1, 1)) < 0.5
        turned = np.where(mirrored, turned[:, :, [1, 0, 3, 2]], turned)
        return draw.uniform(0.4, 0.6, (steps, n, 1, 2)) + turned * extent

    return Record(
        prompts=tuple(f"prompt {j}" for j in range(m)),
        lanes=tuple(lanes),
        distance="cosine",
        shares=shares,
        losses=draw.uniform(size=(moments, len(lanes))),
        counts=counts(cost),
        moments=np.arange(moments),
        frames=draw.integers(0, 256, (moments, len(lanes), 48, 64, 3), dtype=np.uint8),
        cost=cost,
        plan=plans(moments),
        tangents=draw.normal(size=cost.shape) / n,
        similarity=1 - cost,
        diversity=draw.uniform(size=(moments, len(lanes))),
        corners=corners(moments),
        recent_plan=plans(recent),
        recent_corners=corners(recent),
    )


def avoiding(made: Record, *negative: str) -> Record:
    """Return a run that avoids something, "a dog" unless named."""
    negative = negative or ("a dog",)
    steps, lanes, n, _ = made.cost.shape
    near = np.random.default_rng(1).normal(-0.1, 0.2, (steps, lanes, n, len(negative)))
    return made._replace(negative=negative, avoided=near)
