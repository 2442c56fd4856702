"""The names that are sent, as documentation."""

from exporters.otlp.conventions import GEN_AI, NAMESPACE, OWN_INSTRUMENTS

_ABSENT = "—"


def gen_ai_table() -> str:
    """Every metric of the GenAI conventions under its names in both versions."""
    rows = ["| v1.41 | next | kind | unit | own attributes | meaning |", "|---|---|---|---|---|---|"]
    for entry in GEN_AI:
        old, new = (f"`{name}`" if name else _ABSENT for name in (entry.names["v1.41"], entry.names["next"]))
        labels = ", ".join(f"`{label}`" for label in entry.labels)
        rows.append(f"| {old} | {new} | {entry.kind} | `{entry.unit}` | {labels} | {entry.help} |")
    return "\n".join(rows) + "\n"


def own_table() -> str:
    """Every metric of the catalogue that is sent, beside its name there."""
    rows = [f"| `{NAMESPACE}…` | kind | unit | in the catalogue |", "|---|---|---|---|"]
    for family, instrument in OWN_INSTRUMENTS.items():
        unit = f"`{instrument.unit}`" if instrument.unit else ""
        name = instrument.name.removeprefix(NAMESPACE)
        rows.append(f"| `{name}` | {instrument.kind} | {unit} | `{family.name}` |")
    return "\n".join(rows) + "\n"
