"""`probe simulate`: simulated providers to try things against."""

from pathlib import Path
from typing import Annotated, Literal

import typer


def probe_simulate(
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="The port; 0 takes a free one.")] = 9798,
    behaviour: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="YAML with further models; read again when it changes."),
    ] = None,
    require_key: Annotated[
        str | None, typer.Option(metavar="KEY", help="Refuse whoever has no such key, signature or token.")
    ] = None,
    google_account: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Where to write the key of a service account that gets tokens."),
    ] = None,
    seed: Annotated[int, typer.Option(help="Of every random draw.")] = 0,
    truth: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Append a JSON line of what was written when.")
    ] = None,
    tls: Annotated[
        Literal["off", "on", "wrong_host", "expired", "unknown_ca"],
        typer.Option(help="Serve https, with a certificate that is right or wrong in this way."),
    ] = "off",
    ca_file: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Where the test authority's certificate goes.")
    ] = None,
) -> None:
    """Serve simulated models in every API that the probe speaks, to try things against.

    They answer as told to, and tell the truth about when they wrote what.

    \b
    The model's name says how it behaves:
      sim?ttft_ms=200&gap_ms=10&tokens=100
      sim-steady?fault=reset&fault_after=20
    \b
    Examples:
      probe simulate
      probe simulate --port 8000 --tls on --ca-file ca.pem
    """
    from probe.simulator.options import SimulatorOptions
    from probe.simulator.serve import serve

    serve(
        SimulatorOptions(
            host=host,
            port=port,
            behaviour_file=behaviour,
            require_key=require_key,
            google_account=google_account,
            seed=seed,
            truth_file=truth,
            tls=tls,
            ca_file=ca_file,
        )
    )
