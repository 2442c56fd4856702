"""Model lists in the shapes that OpenAI-compatible providers give them."""
