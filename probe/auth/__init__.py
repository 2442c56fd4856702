"""How a request says who asks, where a key in a header is not enough."""
