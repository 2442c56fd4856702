"""The board: one page of everything that matters, rendered here and readable without a script."""
