"""The storybook's world: ``words`` is the one table to grow, ``captions`` makes phrases of it."""
