"""Two real LLM engines over a tiny random model, each in a process of its own.

`llama_server`   llama.cpp's own HTTP server (as packaged by xllamacpp): usage and its own `timings`
`python_server`  the server of llama-cpp-python: sends no usage while streaming
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.servers.ports import free_port
from tests.servers.process import running, until_answers
from tests.servers.tiny_model import write_tiny_model

LLAMA_SERVER = """
import sys, threading
import xllamacpp

params = xllamacpp.CommonParams()
params.model.path = sys.argv[1]
params.hostnames = ["127.0.0.1"]
params.port = int(sys.argv[2])
params.n_ctx = 4096
params.n_parallel = 1
params.cache_prompt = False
params.cpuparams.n_threads = 1
params.cpuparams_batch.n_threads = 1
params.endpoint_metrics = True
params.endpoint_slots = True
server = xllamacpp.Server(params)
threading.Event().wait()
"""


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("model") / "tiny.gguf"
    write_tiny_model(path, layers=4, width=512)
    return path


@contextmanager
def _serving(arguments: list[str], port: int, health: str) -> Iterator[str]:
    with running(arguments, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        until_answers(f"http://127.0.0.1:{port}{health}", process)
        yield f"http://127.0.0.1:{port}/v1"


@pytest.fixture(scope="session")
def llama_server(tiny_model: Path) -> Iterator[str]:
    """The base URL of llama.cpp's server."""
    port = free_port()
    with _serving([sys.executable, "-c", LLAMA_SERVER, str(tiny_model), str(port)], port, "/health") as url:
        yield url


@pytest.fixture(scope="session")
def python_server(tiny_model: Path) -> Iterator[str]:
    """The base URL of llama-cpp-python's server."""
    port = free_port()
    arguments = [sys.executable, "-m", "llama_cpp.server", "--model", str(tiny_model)]
    with _serving(
        [*arguments, "--host", "127.0.0.1", "--port", str(port), "--n_ctx", "4096"], port, "/v1/models"
    ) as url:
        yield url
