"""The simulator: every API that the probe speaks, by a server that tells the truth about what it sent when.

The model name chooses the behaviour. `sim` has the defaults of `probe.simulator.behaviour.Behaviour`; the
bundled characters are `sim-swift`, `sim-steady` and `sim-moody`; a behaviour file adds models of its own. Any
of them takes parameters in the manner of a URL's query; an empty value unsets one:

    sim?ttft_ms=200&gap_ms=10&tokens=100
    sim-steady?fault=reset&fault_after=20
    sim?text=The capital of France is Paris.&usage=absent

A behaviour file is YAML. A phase replaces the model's own parameters from that many seconds after the
simulator started until the next phase; `repeat_seconds` starts a model's phases over that often. The file is
read again as soon as it changes:

    models:
      acme-large:
        ttft_ms: 300
        gap_ms: 12
        phases:
          - {after_seconds: 600, ttft_ms: 900}
          - {after_seconds: 1200, fault: http_503}
          - {after_seconds: 1500}
"""
