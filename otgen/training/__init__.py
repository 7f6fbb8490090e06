"""How the shipped models are made; nothing at run time imports this package.

``storybook`` holds the drawings, scenes and trainings of the default painter, ``mini`` those of the
two mini painters. ``loop`` is the one training loop, ``clips`` what the CLIPs of both share, and
``tokenizer`` makes their tokenizers.
"""
