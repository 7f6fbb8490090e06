"""The endpoints as a language model has them: the client of the MCP project against the page."""

from __future__ import annotations

import base64
import io
import json
import urllib.request

import pytest
from conftest import SERVED, serving
from helpers import finished
from mcp import ClientSession
from mcp.client.streamable_http import streamable_http_client
from PIL import Image

RUN = {"prompts": ["a cat :2", "a castle"], "lanes": ["ot", "mean"], "generator": "vqgan-mini"}
RUN |= {"steps": 2, "cutouts": 4}


@pytest.fixture(scope="module")
def address(example, tmp_path_factory):
    folder = tmp_path_factory.mktemp("mcp")
    with serving(SERVED, folder, example, GRADIO_MCP_SERVER="True") as server:
        yield server.address


async def _ask(address: str, ask):
    """Open a session and return what ``ask(session)`` does."""
    url = f"{address}gradio_api/mcp/"
    async with (
        streamable_http_client(url) as (reading, writing, _),
        ClientSession(reading, writing) as session,
    ):
        await session.initialize()
        return await ask(session)


def _call(address: str, tool: str, watched: bool = False, **values):
    """Call a tool; ``watched`` asks for news of its progress, which takes another way in Gradio."""
    news = []

    async def heard(progress, total, message) -> None:
        news.append(message)

    async def ask(session):
        watch = {"progress_callback": heard} if watched else {}
        return await session.call_tool(tool, values, **watch)

    return finished(_ask(address, ask))


def _texts(answer) -> list:
    """Return what the answer's texts say, read as JSON."""
    return [json.loads(part.text) for part in answer.content if part.type == "text"]


def _images(answer) -> list[bytes]:
    images = [part for part in answer.content if part.type == "image"]
    assert {part.mimeType for part in images} <= {"image/png"}
    return [base64.b64decode(part.data) for part in images]


def _checked(answer, address: str) -> str:
    """Check an answer that holds a result; return its run."""
    assert not answer.isError, answer.content
    (outcome,) = _texts(answer)
    pictures = _images(answer)
    assert list(outcome["files"]) == ["ot", "mean"]
    assert len(pictures) == 2
    for (lane, file), picture in zip(outcome["files"].items(), pictures, strict=True):
        assert file.startswith(f"{address}results/")
        with urllib.request.urlopen(file, timeout=60) as served:
            assert served.read() == picture
        with Image.open(io.BytesIO(picture)) as opened:
            assert json.loads(opened.info["otgen"])["lane"] == lane
    return outcome["result"]["id"]


def test_compare_answers_with_pictures_and_json(address):
    run = _checked(_call(address, "compare", **RUN), address)
    assert _checked(_call(address, "compare", watched=True, **RUN), address) == run
    assert _checked(_call(address, "result", run=run), address) == run
    (outcome,) = _texts(_call(address, "status", run=run))
    assert (outcome["state"], outcome["step"]) == ("done", 2)
    (outcome,) = _texts(_call(address, "list_results", search="castle", most=5))
    assert [entry["run"] for entry in outcome] == [run]


def test_bad_input_is_an_error_with_the_sentence(address):
    answer = _call(address, "compare", prompts=["a cat"], generator="diffusion-mini", height=100)
    assert answer.isError
    assert "diffusion-mini paints 128 pixels only: try 128." in answer.content[0].text


def test_schema_shows_lists_and_describes_every_parameter(address):
    async def ask(session):
        return (await session.list_tools()).tools

    tools = {tool.name: tool for tool in finished(_ask(address, ask))}
    assert sorted(tools) == ["compare", "list_results", "result", "status", "stop"]
    parameters = tools["compare"].inputSchema["properties"]
    assert {"type": "array", "items": {"type": "string"}} in parameters["lanes"]["anyOf"]
    kinds = [of["items"]["anyOf"] for of in parameters["prompts"]["anyOf"] if of["type"] == "array"]
    assert {kind["type"] for (items,) in [kinds] for kind in items} == {"string", "object"}
    for tool in tools.values():
        assert tool.description
        assert all(of["description"] for of in tool.inputSchema["properties"].values())
