"""The dialect of OpenAI's chat completions, which most providers speak."""
