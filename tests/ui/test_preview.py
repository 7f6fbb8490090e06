"""What a link shows where it is pasted."""

import gzip
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
        self.content, self.tags = {}, []
        self.feed(html)

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        named = dict(attributes)
        if tag == "meta" and "content" in named:
            self.content[named.get("property") or named.get("name")] = named["content"]


def _page(jobs, query="", host="otgen.example", headers=(), kind=b"text/html", **more):
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
    finished(Preview(gradio, jobs)(scope | more, None, send))
    body = b"".join(message.get("body", b"") for message in sent)
    return dict(sent[0]["headers"]), body


@pytest.mark.parametrize(
    ("accepted", "packed"),
    [
        ("gzip, deflate, br", True),
        ("br;q=1.0, gzip;q=0.5", True),
        ("", False),
        ("br", False),
        ("gzip;q=0", False),
        ("gzip;q=0.0, br", False),
    ],
)
def test_page_is_compressed_where_the_client_accepts_it(jobs, accepted, packed):
    _, plain = _page(jobs)
    headers, body = _page(jobs, headers=[(b"accept-encoding", accepted.encode())])
    assert headers[b"vary"] == b"Accept-Encoding"
    assert headers[b"content-length"] == str(len(body)).encode()
    assert (headers.get(b"content-encoding") == b"gzip") == packed
    assert (gzip.decompress(body) if packed else body) == plain


def test_page_is_made_once_for_an_address_and_told_its_run_each_time(jobs):
    kept(jobs.store, number(1), "a cat", "a castle")
    made = []

    async def gradio(scope, receive, send):
        made.append(dict(scope["headers"])[b"host"].decode())
        headers = [(b"content-type", b"text/html"), (b"content-length", b"5")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": GRADIOS + made[-1].encode()})

    page = Preview(gradio, jobs)

    def ask(query: str, host: str, **more) -> str:
        sent = []

        async def send(message):
            sent.append(message)

        scope = {"type": "http", "method": "GET", "scheme": "http", "path": "/"} | more
        scope |= {"query_string": query.encode(), "headers": [(b"host", host.encode())]}
        finished(page(scope, None, send))
        return sent[1]["body"].decode()

    for _ in range(2):
        assert ask("", "a.example").endswith("a.example")
        assert "a cat, a castle · otgen" in ask(f"run={number(1)}", "a.example")
    assert made == ["a.example"]
    assert ask("", "b.example").endswith("b.example")
    assert ask("", "a.example", scheme="https")
    assert made == ["a.example", "b.example", "a.example"]
    for _ in range(2):  # what Gradio reads of the address is never remembered
        ask("deep_link=x", "a.example")
    assert len(made) == 5
    for place in range(100):
        ask("", f"{place}.example")
    ask("", "a.example")  # forgotten: memory is bounded
    assert len(made) == 106


@pytest.mark.parametrize(("root", "path"), [("", "/"), ("/otgen", "/"), ("/otgen", "/otgen/")])
def test_page_below_a_path_has_its_addresses_there(jobs, root, path):
    _, body = _page(jobs, root_path=root, path=path)
    assert (f'<base href="{root}/">' in body.decode()) == bool(root)
    assert f'content="http://otgen.example{root}/"' in body.decode()


def test_link_of_a_result_has_its_title_and_its_picture(jobs):
    kept(jobs.store, number(1), "a cat", "a castle")
    headers, body = _page(jobs, f"run={number(1)}")
    assert headers[b"content-length"] == str(len(body)).encode()
    metas = _Metas(body.decode()).content
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
        assert page.content["og:title"].startswith(text)
        assert not {"script", "img"} & set(page.tags)


@pytest.mark.parametrize(
    "run", ["", "../../etc/passwd", "x" * 10_000, "%00", "ünïcödé", number(9), "run=run="]
)
def test_strange_links_get_the_page_s_own_tags(jobs, run):
    metas = _Metas(_page(jobs, f"run={run}&run=2")[1].decode()).content
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
        ("inside", [(b"x-forwarded-host", b"a.example, inside")], "http://a.example/"),
        ("a.example", [(b"x-forwarded-host", b'x"><script>')], ""),
        ('x"><script>', [], ""),
        ("", [], ""),
    ],
)
def test_origin_is_what_the_request_asks_for(monkeypatch, host, headers, address):
    monkeypatch.delenv("SPACE_HOST", raising=False)
    asked = {"type": "http", "scheme": "http", "headers": [(b"host", host.encode()), *headers]}
    assert origin(asked) == address


def test_origin_is_the_address_that_the_host_gave():
    asked = {"type": "http", "scheme": "http", "headers": [], "root_path": "https://a.example/b/"}
    assert origin(asked) == "https://a.example/b/"


def test_origin_on_a_space_is_the_space_s(monkeypatch):
    monkeypatch.setenv("SPACE_HOST", "me-otgen.hf.space")
    assert origin({"type": "http", "scheme": "http", "headers": []}) == "https://me-otgen.hf.space/"
