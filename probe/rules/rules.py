"""All rules for a configuration."""

from collections.abc import Iterable

from probe.config import Config
from probe.rules import sparse
from probe.rules.alert import Group
from probe.rules.alerts import account, budgets, burning, down, market, operation, trends
from probe.rules.promql import Recorded, as_recorded, check_names, written_out
from probe.rules.scope import policies

# A series read with an offset must have been recorded within the 5 minutes that Prometheus looks back.
_RECORDED_EVERY = "1m"


def rule_groups(config: Config) -> tuple[Group, ...]:
    """Raises UnknownMetric if a rule names what is neither in the catalogue nor recorded."""
    by = policies(config)
    groups = (
        Group(
            name="inference-probe-targets",
            interval="30s",
            recorded=down.SERIES,
            alerts=(*down.down_alerts(by), *account.account_alerts(by), *down.engine_alerts()),
        ),
        Group(
            name="inference-probe-objectives",
            interval=_RECORDED_EVERY,
            recorded=_once(burning.burning_series(by)),
            alerts=tuple(burning.burning_alerts(by)),
        ),
        Group(
            name="inference-probe-trends",
            interval=_RECORDED_EVERY,
            recorded=_once(trends.trend_series(by)),
            alerts=tuple(trends.trend_alerts(by)),
        ),
        Group(
            name="inference-probe-market",
            interval="1m",
            alerts=(
                *market.market_alerts(config, by),
                *market.source_alerts(config),
                *budgets.budget_alerts(by),
            ),
        ),
        Group(name="inference-probe-operation", interval="30s", alerts=tuple(operation.operation_alerts(by))),
        Group(
            name="inference-probe-sparse-counts",
            interval=sparse.COUNTS_EVERY,
            recorded=sparse.sparse_counts(),
        ),
        Group(
            name="inference-probe-sparse-buckets",
            interval=sparse.BUCKETS_EVERY,
            recorded=sparse.sparse_buckets(),
        ),
        Group(name="inference-probe-hourly", interval=sparse.HOURLY, recorded=sparse.hourly_buckets()),
    )
    _check(groups)
    return groups


def _once(series: Iterable[Recorded]) -> tuple[Recorded, ...]:
    return tuple({each.name: each for each in series}.values())


def _check(groups: Iterable[Group]) -> None:
    recorded = {each.name for group in groups for each in group.recorded}
    for group in groups:
        for each in group.recorded:
            check_names(each.make(as_recorded, "", ""), recorded)
        for alert in group.alerts:
            check_names(alert.promql(as_recorded), recorded)
            check_names(alert.promql(written_out))
