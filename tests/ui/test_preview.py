"""What a link shows where it is pasted."""

from html.parser import HTMLParser

import pytest
from helpers import finished
from kept import HOSTILE, kept, number

from otgen.ui.preview import Preview, origin

GRADIOS = (
    b'<!doctype html><html><head>\n<meta charset="utf-8" />\n<meta property="og:title" '
    b'content="Gradio" />\n<meta\n\tproperty="og:image"\n\tcontent="https://elsewhere/x.jpg"\n/>'
    b'<meta name="twitter:creator" content="@Gradio" /></head><body>page</body></html>'
)


class _Metas(HTMLParser):
    def __init__(self, html: str) -> None:
        super().__init__()
        self.found, self.tags = {}, []
        self.feed(html)

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        given = dict(attributes)
        if tag == "meta" and "content" in given:
            self.found[given.get("property") or given.get("name")] = given["content"]


def _page(jobs, query="", host="otgen.example", headers=(), kind=b"text/html; charset=utf-8"):
    """Ask for the page; return status, headers and body as the browser gets them."""

    async def gradio(scope, receive, send):
        start = {"status": 200, "headers": [(b"content-type", kind), (b"content-length", b"5")]}
        await send({"type": "http.response.start"} | start)
        await send({"type": "http.response.body", "body": GRADIOS[:50], "more_body": True})
        await send({"type": "http.response.body", "body": GRADIOS[50:]})

    sent = []

    async def send(message):
        sent.append(message)

    scope = {
        "type": "http",
        "method": "GET",
        "scheme": "http",
        "path": "/",
        "query_string": query.encode(),
        "headers": [(b"host", host.encode()), *headers],
    }
    finished(Preview(gradio, jobs)(scope, None, send))
    body = b"".join(message.get("body", b"") for message in sent)
    return dict(sent[0]["headers"]), body


def test_link_of_a_result_has_its_title_and_its_picture(jobs):
    kept(jobs.store, number(1), "a cat", "a castle")
    headers, body = _page(jobs, f"run={number(1)}")
    assert headers[b"content-length"] == str(len(body)).encode()
    metas = _Metas(body.decode()).found
    assert metas["og:title"] == metas["twitter:title"] == "a cat, a castle · otgen"
    assert metas["og:image"] == f"http://otgen.example/results/{number(1)}/card.jpg?step=50"
    assert metas["og:url"] == f"http://otgen.example/?run={number(1)}"
    assert metas["twitter:card"] == "summary_large_image"
    assert "Optimal transport and Mean of distances: 50 steps" in metas["og:description"]
    assert b"elsewhere" not in body
    assert b"@Gradio" not in body
    assert body.endswith(b"<body>page</body></html>")


def test_prompts_are_text_in_the_tags(jobs):
    for index, text in enumerate(HOSTILE):
        kept(jobs.store, number(index), text)
        page = _Metas(_page(jobs, f"run={number(index)}")[1].decode())
        assert page.found["og:title"].startswith(text)
        assert not {"script", "img"} & set(page.tags)


@pytest.mark.parametrize(
    "run", ["", "../../etc/passwd", "x" * 10_000, "%00", "ünïcödé", number(9), "run=run="]
)
def test_strange_links_get_the_page_s_own_tags(jobs, run):
    metas = _Metas(_page(jobs, f"run={run}&run=2")[1].decode()).found
    assert metas["og:title"] == "otgen: several prompts, one picture"
    assert "og:image" not in metas  # there is no example here


def test_other_answers_pass_as_they_are(jobs):
    headers, body = _page(jobs, kind=b"application/json")
    assert body == GRADIOS
    assert headers[b"content-length"] == b"5"


@pytest.mark.parametrize(
    ("host", "headers", "address"),
    [
        ("localhost:7860", [], "http://localhost:7860/"),
        ("[::1]:7860", [], "http://[::1]:7860/"),
        ("a.example", [(b"x-forwarded-proto", b"https,http")], "https://a.example/"),
        ('x"><script>', [], ""),
        ("", [], ""),
    ],
)
def test_origin_is_what_the_request_asks_for(monkeypatch, host, headers, address):
    monkeypatch.delenv("SPACE_HOST", raising=False)
    asked = {"type": "http", "scheme": "http", "headers": [(b"host", host.encode()), *headers]}
    assert origin(asked) == address


def test_origin_on_a_space_is_the_space_s(monkeypatch):
    monkeypatch.setenv("SPACE_HOST", "me-otgen.hf.space")
    assert origin({"type": "http", "scheme": "http", "headers": []}) == "https://me-otgen.hf.space/"
