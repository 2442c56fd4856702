"""`probe config …`: is it right, what is in force, what is there to set."""

from probe.cli.options import ConfigFile, command_group

config_group = command_group("Check and show the configuration.")


@config_group.command("check")
def probe_config_check(config: ConfigFile = None) -> None:
    """Say whether the daemon would start with the configuration.

    Every mistake is a line with its place. Everything is built, exporters included, and nothing is sent.

    \b
    Examples:
      probe config check
      probe config check --config /etc/probe/probe.yaml
    """
    from probe.bootstrap.load import load_usable
    from probe.cli.actions.export import try_build
    from probe.cli.output.format import counted
    from probe.cli.output.table import print_line
    from probe.cli.session import run_to_end

    loaded = load_usable(config)
    run_to_end(try_build(loaded.config))
    numbers = {noun: len(getattr(loaded.config, f"{noun}s")) for noun in ("provider", "target", "job")}
    counts = ", ".join(counted(number, noun) for noun, number in numbers.items())
    print_line(f"{loaded.file or 'no file'}: ok: {counts}")


@config_group.command("show")
def probe_config_show(config: ConfigFile = None) -> None:
    """Print the configuration in force, as YAML.

    A comment names the source of every value that is no default. Secrets are masked.
    """
    from probe.bootstrap.load import load_usable
    from probe.cli.output.table import print_line
    from probe.config.sources.show import annotated_yaml

    print_line(annotated_yaml(load_usable(config)).rstrip())


@config_group.command("schema")
def probe_config_schema() -> None:
    """Print the JSON schema of probe.yaml.

    For editors, and for checks elsewhere."""
    from probe.cli.output.table import print_line
    from probe.config.sources.reference import json_schema

    print_line(json_schema().rstrip())
