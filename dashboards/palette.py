"""The colours of the probe's own board page, which its style sheet names."""

import re
from pathlib import Path

_SHEET = Path(__file__).parents[1] / "probe" / "api" / "board" / "static" / "board.css"
_COLOURS: dict[str, str] = dict(
    re.findall(r"--(\w+): (#[0-9A-Fa-f]{6});", _SHEET.read_text(encoding="utf-8"))
)

BLUE = _COLOURS["blue"]
GREEN = _COLOURS["green"]
YELLOW = _COLOURS["yellow"]
RED = _COLOURS["red"]
TEXT = _COLOURS["text"]
MUTED = _COLOURS["muted"]


def lighter(colour: str, share: float) -> str:
    """So much nearer to white."""
    parts = (int(colour[place : place + 2], 16) for place in (1, 3, 5))
    return "#" + "".join(f"{round(part + (255 - part) * share):02X}" for part in parts)
