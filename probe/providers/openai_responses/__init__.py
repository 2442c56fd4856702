"""The dialect of OpenAI's Responses, which a growing part of providers and gateways speaks too."""
