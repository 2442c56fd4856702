"""`probe test-request`: one request, looked at closely; `probe replay`: what it said, once it is saved."""

from pathlib import Path
from typing import Annotated

import typer

from probe.cli.options import AsJson, ConfigFile


def probe_test_request(
    target: Annotated[
        str | None,
        typer.Argument(metavar="TARGET", help="A target, or provider/model; otherwise the first one."),
    ] = None,
    prompt: Annotated[
        str, typer.Option("--prompt", "-p", metavar="TEXT", help="What to ask.")
    ] = "In one sentence of about twenty words, explain why the sea is salty.",
    max_tokens: Annotated[int, typer.Option(min=1, metavar="N", help="The limit on output tokens.")] = 256,
    stream: Annotated[bool, typer.Option("--stream/--no-stream", help="Ask for a stream.")] = True,
    warm: Annotated[
        bool, typer.Option("--warm", help="Measure on a connection that is open already.")
    ] = False,
    engine: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="Ask this inference server: a provider's name, or vllm, tgi, llamacpp, ollama.",
        ),
    ] = None,
    base_url: Annotated[
        str | None, typer.Option(metavar="URL", help="Ask this endpoint instead of a target.")
    ] = None,
    model: Annotated[
        str | None, typer.Option(metavar="NAME", help="The model at --engine or --base-url.")
    ] = None,
    api_key_env: Annotated[
        str | None, typer.Option(metavar="VARIABLE", help="The variable that holds its key.")
    ] = None,
    save: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Save the capture for `probe replay`.")
    ] = None,
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> None:
    """Send one request and print its timeline.

    Nothing is stored.

    The exit status is 1 where it failed.

    \b
    Examples:
      probe test-request
      probe test-request openai/gpt-4o-mini --save slow.json
      probe test-request --base-url http://127.0.0.1:8000/v1 --model tiny
      probe test-request --engine ollama --model llama3.2 --prompt "Hello"
    """
    from probe.cli.actions.test_request import Question, send_request, settings_for
    from probe.cli.output.attempt import print_attempt
    from probe.cli.output.table import print_note
    from probe.cli.session import quiet_logs, run_to_end
    from probe.wire.archive import save_capture

    settings, name = settings_for(
        config, target, engine=engine, base_url=base_url, model=model, key_variable=api_key_env
    )
    quiet_logs(settings)
    question = Question(prompt=prompt, max_tokens=max_tokens, stream=stream, warm=warm)
    attempt = run_to_end(send_request(settings, name, question))
    if save is not None:
        save_capture(save, attempt.capture)
        print_note(f"saved {save}")
    print_attempt(attempt.capture, attempt.reading, attempt.cost, as_json=as_json)
    if not attempt.success:
        raise typer.Exit(1)


def probe_replay(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="A capture, as `probe test-request --save` writes it.")
    ],
    as_json: AsJson = False,
) -> None:
    """Print the timeline of a saved capture.

    \b
    Examples:
      probe test-request --save slow.json
      probe replay slow.json
    """
    from probe.cli.output.attempt import print_attempt
    from probe.providers.factory import dialect_of
    from probe.providers.reading import read_answer
    from probe.wire.archive import load_capture

    capture = load_capture(file)
    print_attempt(capture, read_answer(capture, dialect_of(capture)), as_json=as_json)
