"""Reads a board as Grafana 12 draws it: variables, intervals, queries, transformations, mappings, thresholds.

view = View(board, Source(url), Span(start, end), {"location": "here"})
view.numbers("Targets failing")
"""
