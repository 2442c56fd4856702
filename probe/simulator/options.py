"""What a simulator is started with, and how that reads on a command line."""

import argparse
from dataclasses import dataclass, field
from pathlib import Path
from typing import get_args

from probe.simulator.certificates import Tls


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulatorOptions:
    """Everything about one simulator.

    port             0 takes any free one
    behaviour_file   YAML with further models, see `probe.simulator`
    require_key      requests without this key get 401, see `probe.simulator.credentials`
    google_account   gets the key of a service account whose tokens are as good as the required key
    seed             of every random draw: the same requests in the same order get the same answers and pace
    truth_file       gets a JSON line for every request that has ended
    keep_truths      how many requests `GET /truth` remembers
    tls, ca_file     see `probe.simulator.certificates`; without a file one is made in a temporary directory
    """

    host: str = "127.0.0.1"
    port: int = 0
    behaviour_file: Path | None = None
    require_key: str | None = field(default=None, repr=False)
    google_account: Path | None = None
    seed: int = 0
    truth_file: Path | None = None
    keep_truths: int = 10_000
    tls: Tls = "off"
    ca_file: Path | None = None


def to_arguments(options: SimulatorOptions) -> list[str]:
    """The command line that `from_arguments` reads back as these options."""
    values = {
        "--host": options.host,
        "--port": options.port,
        "--behaviour": options.behaviour_file,
        "--require-key": options.require_key,
        "--google-account": options.google_account,
        "--seed": options.seed,
        "--truth": options.truth_file,
        "--keep-truths": options.keep_truths,
        "--tls": options.tls,
        "--ca-file": options.ca_file,
    }
    return [f"{name}={value}" for name, value in values.items() if value is not None]


def parser() -> argparse.ArgumentParser:
    defaults = SimulatorOptions()
    made = argparse.ArgumentParser(
        prog="python -m probe.simulator", description="Simulated providers that tell the truth."
    )
    made.add_argument("--host", default=defaults.host)
    made.add_argument("--port", type=int, default=defaults.port, help="0: any free one")
    made.add_argument("--behaviour", type=Path, metavar="FILE", help="YAML with further models")
    made.add_argument("--require-key", metavar="KEY", help="answer 401 without this key")
    made.add_argument("--google-account", type=Path, metavar="FILE", help="where to write a service account")
    made.add_argument("--seed", type=int, default=defaults.seed)
    made.add_argument("--truth", type=Path, metavar="FILE", help="append a JSON line for every request")
    made.add_argument("--keep-truths", type=int, default=defaults.keep_truths, metavar="N")
    made.add_argument("--tls", choices=get_args(Tls), default=defaults.tls)
    made.add_argument("--ca-file", type=Path, metavar="FILE", help="where the authority's certificate goes")
    made.add_argument("--until-stdin-closes", action="store_true", help="stop when standard input ends")
    return made


def from_arguments(arguments: argparse.Namespace) -> SimulatorOptions:
    return SimulatorOptions(
        host=arguments.host,
        port=arguments.port,
        behaviour_file=arguments.behaviour,
        require_key=arguments.require_key,
        google_account=arguments.google_account,
        seed=arguments.seed,
        truth_file=arguments.truth,
        keep_truths=arguments.keep_truths,
        tls=arguments.tls,
        ca_file=arguments.ca_file,
    )
