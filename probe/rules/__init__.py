"""Recording rules and alerts, made of a configuration and the metric catalogue.

Pure: nothing is read or written. Expressions are written once and rendered for Prometheus, which keeps
recorded series, and for Grafana, which does not and gets them written out.
"""
