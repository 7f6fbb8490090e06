"""What language models get of the endpoints (MCP): JSON, absolute addresses and the pictures.

Gradio writes an endpoint's answer as Python does, and sees no picture in it.
"""

from __future__ import annotations

import base64
import json
from typing import Any

import gradio as gr

from otgen.recipe.lanes import slug
from otgen.results.result import ANEW
from otgen.service.queue import Jobs


def answer_with_pictures(page: gr.Blocks, jobs: Jobs) -> None:
    """Let the MCP server of a launched page answer so, where it has one."""
    server = page.mcp_server_obj
    if server is None:
        return
    types = server.types

    def contents(data: list, root: str) -> list:
        """Return what an endpoint gave, below the page's address ``root``: text, then pictures."""
        contents = []
        for answer in data:
            text = json.dumps(_absolute(answer, root), ensure_ascii=False)
            contents.append(types.TextContent(type="text", text=text))
            for picture in _pictures(answer, jobs):
                encoded = base64.b64encode(picture).decode()
                contents.append(
                    types.ImageContent(type="image", data=encoded, mimeType="image/png")
                )
        return contents

    server.postprocess_output_data = contents


def _files(answer: Any) -> dict[str, str]:
    """Return the addresses of an answer's pictures, by lane."""
    return answer.get("files") or {} if isinstance(answer, dict) else {}


def _absolute(answer: Any, root: str) -> Any:
    """Return an answer whose addresses need no page to start from."""
    if not _files(answer):
        return answer
    root = root.rstrip("/")
    files = {name: answer[name].items() for name in ("files", *ANEW) if name in answer}
    return answer | {
        name: {lane: f"{root}/{address}" for lane, address in lanes}
        for name, lanes in files.items()
    }


def _pictures(answer: Any, jobs: Jobs) -> list[bytes]:
    """Return the pictures of an answer, a PNG a lane; none where the result was deleted."""
    lanes = _files(answer)
    saved = jobs.find(answer["result"]["id"]) if lanes else None
    try:
        return [(saved.folder / f"{slug(lane)}.png").read_bytes() for lane in lanes if saved]
    except OSError:
        return []
