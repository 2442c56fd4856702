"""`python -m probe.simulator`: prints one JSON line once it listens, then serves."""

import sys

from probe.errors import ProbeError
from probe.simulator.options import from_arguments, parser
from probe.simulator.serve import announce_as_json, serve


def main() -> int:
    arguments = parser().parse_args()
    try:
        serve(from_arguments(arguments), announce_as_json, until_stdin_closes=arguments.until_stdin_closes)
    except ProbeError as exc:
        sys.stderr.write(f"{exc}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
