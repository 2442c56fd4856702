"""The data sources that boards query. Their uids are fixed, as provisioning creates them under these."""

from dataclasses import dataclass

from grafana_foundation_sdk.models.common import DataSourceRef


@dataclass(frozen=True, slots=True, kw_only=True)
class DataSource:
    """`type` is the plug-in; `uid` the provisioned data source, which `datasource` offers first."""

    type: str
    uid: str
    title: str

    @property
    def chosen(self) -> DataSourceRef:
        """Whichever one the reader has chosen at the top of the board."""
        return DataSourceRef(type_val=self.type, uid="${datasource}")


PROMETHEUS = DataSource(type="prometheus", uid="inference-probe-prometheus", title="Prometheus")
INFLUXDB = DataSource(type="influxdb", uid="inference-probe-influxdb", title="InfluxDB")
