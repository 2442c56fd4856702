"""Where settings come from: probe.yaml, then `.env`, then the environment and the secret files it names.

    load(path) -> Loaded      reads, merges, checks; every problem at once in one ConfigError

yaml_file  YAML text -> plain values, and the line on which each stands
shape      what the models in `probe.config` admit at a path
variables  PROBE_… variables -> paths, secret files -> values
problems   a validation error -> one clear line
"""
