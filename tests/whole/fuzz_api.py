"""What the description of the API allows and forbids, asked of a daemon: by hand, with schemathesis.

    python -m tests.whole.fuzz_api [seconds]        600 by default; SCHEMATHESIS names the program

Exit status 1 where an answer is not what the description promises.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.servers.daemon import TOKEN, launch


def main() -> int:
    seconds = sys.argv[1] if len(sys.argv) > 1 else "600"
    with tempfile.TemporaryDirectory() as folder:
        daemon = launch(Path(folder), {}, {})
        try:
            daemon.finished(daemon.trigger("quick"))
            return subprocess.run(
                [
                    os.environ.get("SCHEMATHESIS", "schemathesis"),
                    *("run", f"{daemon.url}/openapi.json", "--max-time", seconds, "--continue-on-failure"),
                    *("--header", f"Authorization: Bearer {TOKEN}"),
                    *("--phases", "examples,coverage,fuzzing,stateful", "--no-color"),
                ],
                cwd=folder,
            ).returncode
        finally:
            print("exit status of the daemon:", daemon.stop())
            print("internal errors:", daemon.log.count("Traceback"))


if __name__ == "__main__":
    sys.exit(main())
