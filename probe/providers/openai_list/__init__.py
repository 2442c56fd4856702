"""The model list in the shapes that OpenAI and those compatible with it give it."""
