"""The configuration of Alertmanager: who is notified, what belongs together, what silences what.

It expands no variables, so it is written with what the settings say; secrets stay in files that it reads.
https://prometheus.io/docs/alerting/latest/configuration/
"""

from collections.abc import Iterable, Mapping
from typing import Final

from probe.config.results import EmailConfig, ReceiversConfig, SlackConfig

_TITLE: Final = (
    '{{ if eq .Status "firing" }}{{ .CommonLabels.severity | toUpper }}{{ else }}RESOLVED{{ end }} '
    "{{ .CommonLabels.alertname }}{{ if gt (len .Alerts) 1 }} ({{ len .Alerts }}){{ end }}"
)
_TEXT: Final = (
    "{{ range .Alerts }}{{ .Annotations.summary }}\n{{ .Annotations.description }}\n"
    "Runbook: {{ .Annotations.runbook_url }}\nBoard: {{ .Annotations.dashboard_url }}\n\n{{ end }}"
)

_ABOUT_TARGETS: Final = (
    "TargetDown",
    "HighErrorRate",
    "TtftSloBurn",
    "TotalLatencySloBurn",
    "LatencyRegression",
    "TpsRegression",
    "JitterHigh",
    "AuthOrBillingFailure",
    "ProbeStale",
)


def alertmanager(receivers: ReceiversConfig) -> Mapping[str, object]:
    """What alertmanager.yml holds. Without any receiver, alerts are seen in Alertmanager's pages alone."""
    everybody = [*_everybody(receivers)]
    paged = [*everybody, *_pagerduty(receivers)]
    return {
        "route": _route(),
        "inhibit_rules": [*_inhibitions()],
        "receivers": [
            _receiver("page", paged),
            _receiver("ticket", everybody),
            _receiver("watchdog", _watchdog(receivers)),
        ],
    }


def _route() -> Mapping[str, object]:
    return {
        "receiver": "ticket",
        # One message for what has one cause: a provider that is down takes all of its targets along.
        "group_by": ["alertname", "provider", "location"],
        "group_wait": "2m",
        "group_interval": "15m",
        "repeat_interval": "1d",
        "routes": [
            {
                "matchers": ['alertname="Watchdog"'],
                "receiver": "watchdog",
                "group_wait": "0s",
                "group_interval": "1m",
                "repeat_interval": "5m",
            },
            {
                "matchers": ['severity="critical"'],
                "receiver": "page",
                "group_wait": "30s",
                "group_interval": "5m",
                "repeat_interval": "4h",
            },
            {
                "matchers": ['severity="info"'],
                "receiver": "ticket",
                "group_wait": "10m",
                "group_interval": "1h",
                "repeat_interval": "7d",
            },
        ],
    }


def _inhibitions() -> Iterable[Mapping[str, object]]:
    about_targets = _any_of(_ABOUT_TARGETS)
    of_probe = ["job", "instance"]
    target = ["target", "location"]
    # Nobody knows anything about targets while nobody asks them.
    yield _inhibition("ProbeDown", about_targets, ["location"])
    yield _inhibition("ProbeDown", 'alertname!="ProbeDown"', of_probe, source='instance!=""')
    # A page says what the ticket of the same name would.
    yield {
        "source_matchers": ['severity="critical"'],
        "target_matchers": ['severity=~"warning|info"'],
        "equal": ["alertname", "target", "connection", "location", "slo"],
    }
    # A target that does not answer is neither slow nor stale besides.
    others = [name for name in _ABOUT_TARGETS if name not in ("TargetDown", "AuthOrBillingFailure")]
    yield _inhibition("TargetDown", _any_of(others), target)
    yield _inhibition("AuthOrBillingFailure", _any_of(("TargetDown", *others)), target)
    # Who is told to wait does not ask.
    yield _inhibition("RateLimited", _any_of(("ProbeStale",)), ["provider"])
    # Runs that are not made on purpose, or that cannot claim their slot; those of another probe can.
    yield _inhibition("BudgetExhausted", _any_of(("ProbeStale",)), of_probe)
    yield _inhibition("BudgetExhausted", _any_of(("BudgetNearlySpent",)), [*of_probe, "budget", "period"])
    yield _inhibition("StoreFailing", _any_of(("ProbeStale", "RunsMissed", "ExportBacklog")), of_probe)


def _inhibition(alert: str, target: str, equal: list[str], source: str = "") -> Mapping[str, object]:
    return {
        "source_matchers": [f'alertname="{alert}"', *([source] if source else [])],
        "target_matchers": [target],
        "equal": equal,
    }


def _any_of(alerts: Iterable[str]) -> str:
    return f'alertname=~"{"|".join(alerts)}"'


_Integration = tuple[str, Mapping[str, object]]


def _receiver(name: str, integrations: Iterable[_Integration]) -> Mapping[str, object]:
    return {"name": name, **{kind: [settings] for kind, settings in integrations}}


def _everybody(receivers: ReceiversConfig) -> Iterable[_Integration]:
    if receivers.webhook_url is not None:
        yield "webhook_configs", {"url": receivers.webhook_url}
    elif receivers.webhook_url_file is not None:
        yield "webhook_configs", {"url_file": str(receivers.webhook_url_file)}
    if receivers.slack is not None:
        yield "slack_configs", _slack(receivers.slack)
    if receivers.email is not None:
        yield "email_configs", _email(receivers.email)


def _slack(slack: SlackConfig) -> Mapping[str, object]:
    return {
        "api_url_file": str(slack.webhook_url_file),
        "channel": slack.channel,
        "send_resolved": True,
        "title": _TITLE,
        "text": _TEXT,
    }


def _email(email: EmailConfig) -> Mapping[str, object]:
    return {
        "to": email.to,
        "from": email.sender,
        "smarthost": email.smarthost,
        **({"auth_username": email.username} if email.username is not None else {}),
        **({"auth_password_file": str(email.password_file)} if email.password_file is not None else {}),
        "send_resolved": True,
        "headers": {"Subject": _TITLE},
        "text": _TEXT,
    }


def _pagerduty(receivers: ReceiversConfig) -> Iterable[_Integration]:
    if receivers.pagerduty is not None:
        yield (
            "pagerduty_configs",
            {
                "routing_key_file": str(receivers.pagerduty.routing_key_file),
                "description": "{{ .CommonLabels.alertname }}: {{ (index .Alerts 0).Annotations.summary }}",
                "details": {"text": _TEXT},
                "links": [
                    {"href": "{{ (index .Alerts 0).Annotations.runbook_url }}", "text": "Runbook"},
                    {"href": "{{ (index .Alerts 0).Annotations.dashboard_url }}", "text": "Board"},
                ],
            },
        )


def _watchdog(receivers: ReceiversConfig) -> Iterable[_Integration]:
    if receivers.watchdog_url is not None:
        yield "webhook_configs", {"url": receivers.watchdog_url, "send_resolved": False}
    elif receivers.watchdog_url_file is not None:
        yield "webhook_configs", {"url_file": str(receivers.watchdog_url_file), "send_resolved": False}
