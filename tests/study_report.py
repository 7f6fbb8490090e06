"""What a browser would make of a report, by the standard parser."""

from __future__ import annotations

from html.parser import HTMLParser


class Outline(HTMLParser):
    """tags, attributes: the names that occur. sources: of pictures. text: all that is shown."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags, self.attributes = set(), set()
        self.sources, self.text = [], ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}
        self.sources += [value for name, value in attrs if name in ("src", "href")]

    def handle_data(self, data: str) -> None:
        self.text += data
