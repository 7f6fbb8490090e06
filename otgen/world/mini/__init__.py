"""The mini world: ``words`` says what it holds, ``captions`` is its small grammar."""
