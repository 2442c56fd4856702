"""Measures the program against the simulator's truth and against the clients that others use.

`python -m bench [part …]` prints one table and, when all parts ran, writes it to docs/benchmarks/.
"""
