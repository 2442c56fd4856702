"""One reader for each source of prices: what it publishes becomes prices, and nothing is fetched here."""
