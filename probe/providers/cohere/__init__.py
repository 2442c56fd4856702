"""The dialect of Cohere's second API."""
