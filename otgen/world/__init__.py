"""The words of the two small worlds that the shipped painters know. Nothing else is imported.

``storybook`` is the world of the default painter, ``mini`` that of the two mini painters.
"""
