"""Uses a server as an assistant does that knows the Model Context Protocol, and prints what comes as one object of JSON."""

import asyncio
import json
import sys

import httpx2
from mcp import Client
from mcp.client.streamable_http import streamable_http_client

url, key, mode, document = sys.argv[1:]


async def call(client, name, arguments, **options):
    """The package checks what comes against the schemas of the tool."""
    result = await client.call_tool(name, arguments, **options)
    texts = [content.text for content in result.content]
    return {"error": result.is_error, "text": "\n".join(texts), "data": result.structured_content}


async def main():
    news = []

    async def note(progress, total, message):
        news.append([progress, total, message])

    headers = {"Authorization": f"Bearer {key}"}
    async with httpx2.AsyncClient(headers=headers, timeout=60) as http:
        async with Client(streamable_http_client(url, http_client=http), mode=mode) as client:
            tools = (await client.list_tools()).tools
            told = {
                "version": client.protocol_version,
                "server": client.server_info.name if client.server_info else None,
                "tools": {tool.name: tool.annotations.read_only_hint for tool in tools},
                "schemas": {tool.name: [tool.input_schema, tool.output_schema] for tool in tools},
                "rooms": await call(client, "list_rooms", {}),
                "posted": await call(client, "post_message", {"room": "shop", "text": "The ribs have come", "id": "1"}),
                "again": await call(client, "post_message", {"room": "shop", "text": "The ribs have come", "id": "1"}),
                "messages": await call(client, "read_messages", {"room": "shop"}),
                "asked": await call(client, "ask", {"question": "How long are the ribs under warranty?", "room": "shop"}),
                "part": await call(client, "read_document", {"document": document, "offset": 3, "length": 10}),
                "passage": await call(client, "read_document", {"document": document, "passage": 0}),
                "commands": await call(client, "list_commands", {}),
                "sum": await call(client, "run_command", {"command": "sum", "arguments": "12 32"}),
                "failed": await call(client, "run_command", {"command": "sum", "arguments": "x"}),
                "slow": await call(
                    client, "run_command", {"command": "sleep", "arguments": "3"}, progress_callback=note
                ),
                "later": await call(
                    client, "run_command", {"command": "sleep", "arguments": "2", "wait_seconds": 0}
                ),
            }
            job = told["later"]["data"]["job"]
            told["looked_up"] = await call(client, "get_job", {"job": job, "wait_seconds": 30})
            told["found"] = await call(client, "search", {"query": "ribs"})
            told["wrong"] = [
                await call(client, name, arguments)
                for name, arguments in [
                    ("search", {"query": 5}),
                    ("search", {"query": "x", "colour": "red"}),
                    ("ask", {"question": "x", "room": "nowhere"}),
                    ("read_document", {"document": "../../etc/passwd"}),
                    ("read_document", {"document": document, "passage": 99}),
                    ("get_job", {"job": "0" * 32}),
                    ("run_command", {"command": "no such command"}),
                ]
            ]
            told["news"] = news
    print(json.dumps(told))


asyncio.run(main())
