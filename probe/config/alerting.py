"""What `probe rules` writes, and whom Alertmanager tells."""

from __future__ import annotations

from typing import Annotated

from pydantic import (
    Field,
)

from probe.config.section import Section
from probe.config.values import (
    BaseUrl,
    FilePath,
    Text,
)


class SlackConfig(Section):
    """A channel of Slack."""

    channel: Text = Field(description="The channel, `#on-call`.")
    webhook_url_file: FilePath = Field(
        description="The file with the incoming webhook's URL, where Alertmanager finds it."
    )


class EmailConfig(Section):
    """Mail over SMTP with TLS."""

    to: Text = Field(description="Who gets it; several with commas between.")
    sender: Text = Field(description="Whom it comes from.")
    smarthost: Annotated[str, Field(pattern=r"^[^\s:]+:\d+$")] = Field(
        description="The mail server, `smtp.example.com:587`."
    )
    username: Text | None = Field(None, description="The account; absent: without a login.")
    password_file: FilePath | None = Field(
        None, description="The file with its password, where Alertmanager finds it."
    )


class PagerDutyConfig(Section):
    """A service of PagerDuty."""

    routing_key_file: FilePath = Field(
        description="The file with the integration key (Events API v2), where Alertmanager finds it."
    )


class ReceiversConfig(Section):
    """Whom Alertmanager tells. Secrets are files that Alertmanager reads; no generated file holds one."""

    webhook_url: BaseUrl | None = Field(None, description="Where every alert is posted as JSON.")
    webhook_url_file: FilePath | None = Field(
        None, description="A file that holds that URL, for one that is a secret."
    )
    watchdog_url: BaseUrl | None = Field(
        None, description="A dead man's switch: it is posted to every 5 minutes, and cries when that ends."
    )
    watchdog_url_file: FilePath | None = Field(
        None, description="A file that holds that URL, for one that is a secret."
    )
    slack: SlackConfig | None = Field(None, description="A channel that gets every alert.")
    email: EmailConfig | None = Field(None, description="Mail about every alert.")
    pagerduty: PagerDutyConfig | None = Field(None, description="Who is paged: critical alerts alone.")


class RulesConfig(Section):
    """What `probe rules` writes into alert rules beside the objectives."""

    runbook_url: BaseUrl = Field(
        "http://127.0.0.1:9797/runbooks", description="Where runbooks are read; `/<Alert>` is appended."
    )
    grafana_url: BaseUrl = Field("http://127.0.0.1:3000", description="Where people open Grafana.")
    receivers: ReceiversConfig = Field(ReceiversConfig(), description="Whom Alertmanager tells.")
