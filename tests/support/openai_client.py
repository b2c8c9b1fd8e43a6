"""Asks a server as programs written for OpenAI's do, and prints what comes as one object of JSON."""

import base64
import json
import struct
import sys

import openai

url, key, model = sys.argv[1:]
client = openai.OpenAI(base_url=url, api_key=key, max_retries=0)
question = [
    {"role": "system", "content": "Be brief."},
    {"role": "user", "content": [{"type": "text", "text": "How long are the ribs under warranty?"}]},
]

plain = client.chat.completions.create(model=model, messages=question)
chunks = list(client.chat.completions.create(model=model, messages=question, stream=True))
floats = client.embeddings.create(model="any", input=["ribs", "warranty"], encoding_format="float").data
coded = client.embeddings.create(model="any", input="ribs", encoding_format="base64").data[0].embedding
numbers = struct.unpack(f"<{len(base64.b64decode(coded)) // 4}f", base64.b64decode(coded))


def refused(ask):
    try:
        ask()
    except openai.APIStatusError as error:
        return [type(error).__name__, error.status_code, error.code, error.type]
    return None


def ask(asking, name):
    return lambda: asking.chat.completions.create(model=name, messages=question)


print(json.dumps({
    "models": [model.id for model in client.models.list()],
    "plain": plain.choices[0].message.content,
    "reason": plain.choices[0].finish_reason,
    "rests_on": plain.model_extra["chatbot"],
    "streamed": [chunk.choices[0].delta.content for chunk in chunks if chunk.choices[0].delta.content],
    "stream_ends": chunks[-1].choices[0].finish_reason,
    "stream_rests_on": chunks[-1].model_extra["chatbot"],
    "dimensions": [len(one.embedding) for one in floats],
    "length": sum(number * number for number in floats[0].embedding),
    "same": max(abs(one - other) for one, other in zip(floats[0].embedding, numbers)),
    "unknown_model": refused(ask(client, "gpt-4o")),
    "unknown_room": refused(ask(client, "chatbot/nowhere")),
    "wrong_key": refused(ask(client.with_options(api_key="sk-wrong"), model)),
    "no_text": refused(lambda: client.embeddings.create(model="any", input="")),
}))
