#!/usr/bin/env python3
"""Records what a running vLLM answers: `record_vllm.py http://127.0.0.1:PORT FOLDER`. The model is served as tiny-llama."""

import concurrent.futures
import json
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

BASE, FOLDER = sys.argv[1], Path(sys.argv[2])
MODEL = "tiny-llama"


def call(path, body=None, raw=None):
    data = raw if raw is not None else None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(BASE + path, data=data, headers={"content-type": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=300) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def completion(words, tokens, **more):
    return {"model": MODEL, "prompt": words, "max_tokens": tokens, "temperature": 0, "ignore_eos": True, **more}


def save(name, answer):
    status, text = answer
    FOLDER.mkdir(parents=True, exist_ok=True)
    if name.endswith(".json"):
        text = json.dumps({"status": status, "body": json.loads(text)}, indent=2) + "\n"
    (FOLDER / name).write_text(text)


def main():
    save("metrics-idle.txt", call("/metrics"))
    save("version.json", call("/version"))
    save("models.json", call("/v1/models"))
    save("tokenize.json", call("/tokenize", {"model": MODEL, "prompt": "hello"}))
    chat = {"model": MODEL, "messages": [{"role": "user", "content": "hi"}], "max_tokens": 6, "temperature": 0}
    usage = {"stream": True, "stream_options": {"include_usage": True}}
    save("chat-stream.txt", call("/v1/chat/completions", {**chat, **usage, "ignore_eos": True}))
    save("completion-stream.txt", call("/v1/completions", completion("hello", 6, **usage)))
    save("completion.json", call("/v1/completions", completion("hello", 6)))
    save("error-context-too-long.json", call("/v1/completions", completion("a" * 3000, 6)))
    save("completion-clipped-output.json", call("/v1/completions", completion("a" * 2000, 500)))
    save("error-model-name.json", call("/v1/completions", {**completion("hello", 6), "model": "no-such-model"}))
    save("error-invalid-json.json", call("/v1/completions", raw=b'{"model": "tiny-llama", "prompt": '))
    save("error-bad-value.json", call("/v1/completions", completion("hello", 6, temperature=-1)))
    with concurrent.futures.ThreadPoolExecutor(24) as pool:
        prompts = [f"{number} words of a prompt " * 8 for number in range(24)]
        waiting = [pool.submit(call, "/v1/completions", completion(text, 1000)) for text in prompts]
        time.sleep(1)
        save("metrics-under-load.txt", call("/metrics"))
        print([one.result()[0] for one in waiting])
    save("metrics-after.txt", call("/metrics"))


if __name__ == "__main__":
    main()
