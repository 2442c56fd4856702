"""Measures the program against the simulator's truth and against the clients that others use.

`python -m bench [part …]` prints one table and keeps it in docs/benchmarks/.
"""
