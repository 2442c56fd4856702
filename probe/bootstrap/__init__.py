"""From files and variables to something that runs: load → complete → check → assemble.

load      every source, merged and validated                 `probe.config.sources.load`
complete  keys, proxies, providers and default targets       `probe.bootstrap.load.complete`
check     what names something names something that exists   `probe.bootstrap.check.check_references`
assemble  providers, targets, suites, prices and limits      `probe.bootstrap.assembly.assemble`

`probe.bootstrap.load.load_config` takes the first three steps; `logs` is set up beside them.
"""
