"""The boards over the metrics that Prometheus scrapes."""
