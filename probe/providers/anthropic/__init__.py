"""The dialect of Anthropic's messages (https://docs.claude.com/en/api/messages)."""
