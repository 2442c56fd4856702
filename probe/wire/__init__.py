"""The stopwatch: one HTTP/1.1 exchange over our own sockets, every received piece stamped by the kernel."""
