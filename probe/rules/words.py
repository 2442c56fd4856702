"""Pieces of the templates that annotations are: filled in with the labels and the value of an alert."""

from typing import Final

TARGET: Final = "{{ $labels.target }}"
PROVIDER: Final = "{{ $labels.provider }}"
MODEL: Final = "{{ $labels.model }}"
LOCATION: Final = "{{ $labels.location }}"
CONNECTION: Final = "{{ $labels.connection }}"
INSTANCE: Final = "{{ $labels.instance }}"
JOB_NAME: Final = "{{ $labels.job_name }}"
TYPE: Final = "{{ $labels.type }}"
FAILURE: Final = "{{ $labels.failure }}"
ENGINE: Final = "{{ $labels.engine }}"
SOURCE: Final = "{{ $labels.source }}"
EXPORTER: Final = "{{ $labels.exporter }}"
BUDGET: Final = "{{ $labels.budget }}"
PERIOD: Final = "{{ $labels.period }}"
REASON: Final = "{{ $labels.reason }}"

COUNT: Final = '{{ $value | printf "%.0f" }}'
TIMES: Final = '{{ $value | printf "%.2f" }}'
PERCENT: Final = "{{ $value | humanizePercentage }}"
DURATION: Final = "{{ $value | humanizeDuration }}"


def either(condition: str, then: str, otherwise: str = "") -> str:
    """One text or another, as `condition` of the template says."""
    return f"{{{{ if {condition} }}}}{then}{{{{ else }}}}{otherwise}{{{{ end }}}}"
