"""What providers answer when they are asked for their models, and what is read out of it."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from probe.catalog.models.listed import ListedModel
from probe.catalog.prices.price import Price, Tier
from probe.facts.rates import Rates
from probe.providers.preset import Endpoint

LAB = Endpoint(name="lab", display_name="Lab", base_url="http://127.0.0.1:9", kind="engine")


def price(
    asked: str,
    answered: str,
    cached: str | None = None,
    written: str | None = None,
    reasoning: str | None = None,
    request: str = "0",
    tiers: tuple[Tier, ...] = (),
) -> Price:
    return Price(
        rates=rates(asked, answered, cached, written, reasoning),
        tiers=tiers,
        request_usd=Decimal(request),
        source="acme",
    )


def rates(
    asked: str,
    answered: str,
    cached: str | None = None,
    written: str | None = None,
    reasoning: str | None = None,
) -> Rates:
    def exact(text: str | None) -> Decimal | None:
        return None if text is None else Decimal(text)

    return Rates(
        input_per_million_usd=Decimal(asked),
        output_per_million_usd=Decimal(answered),
        cached_input_per_million_usd=exact(cached),
        cache_write_per_million_usd=exact(written),
        reasoning_per_million_usd=exact(reasoning),
    )


SHAPES = [
    pytest.param(
        # https://platform.openai.com/docs/api-reference/models/list
        {
            "object": "list",
            "data": [
                {"id": "gpt-4o-mini", "object": "model", "created": 1721172741, "owned_by": "system"},
                {"id": "gpt-4-0314", "created": 1687882410, "shutdown_date": "2026-12-01"},
            ],
        },
        [
            ListedModel(id="gpt-4o-mini", created_at=datetime(2024, 7, 16, 23, 32, 21, tzinfo=UTC)),
            ListedModel(
                id="gpt-4-0314",
                created_at=datetime(2023, 6, 27, 16, 13, 30, tzinfo=UTC),
                lifecycle="deprecated",
                retires_on=date(2026, 12, 1),
            ),
        ],
        id="OpenAI",
    ),
    pytest.param(
        # https://github.com/togethercomputer/openapi/blob/main/openapi.yaml (`ModelInfo`)
        """[{"id": "mistralai/Mixtral", "object": "model", "created": 0, "type": "chat",
                 "display_name": "Mixtral", "organization": "mistralai", "context_length": 32768,
                 "pricing": {"hourly": 0, "input": 0.6, "output": 0.60, "base": 0, "finetune": 0}}]""",
        [
            ListedModel(
                id="mistralai/Mixtral",
                display_name="Mixtral",
                context_window=32768,
                price=price("0.6", "0.6"),
            )
        ],
        id="Together's bare array",
    ),
    pytest.param(
        # https://github.com/togethercomputer/together-py (`/v2/supported-models`)
        """{"models": [{"id": "m", "displayName": "M", "contextLength": "8192", "status": "DEPRECATED",
                            "pricing": {"input": 0.1, "output": 0.3, "cachedInput": 0.05}}]}""",
        [
            ListedModel(
                id="m",
                display_name="M",
                context_window=8192,
                lifecycle="deprecated",
                price=price("0.1", "0.3", cached="0.05"),
            )
        ],
        id="Together's v2",
    ),
    pytest.param(
        # https://console.groq.com/docs/api-reference#models-list
        {
            "data": [
                {"id": "m", "active": True, "context_window": 131072, "max_completion_tokens": 8192},
                {"id": "n", "active": False},
            ]
        },
        [
            ListedModel(id="m", context_window=131072, max_output_tokens=8192, lifecycle="active"),
            ListedModel(id="n", lifecycle="retired"),
        ],
        id="Groq",
    ),
    pytest.param(
        # https://openrouter.ai/docs/api/api-reference/models/get-models
        {
            "data": [
                {
                    "id": "a/b",
                    "canonical_slug": "a/b-1",
                    "name": "A: B",
                    "created": 1747000000,
                    "context_length": 200000,
                    "architecture": {
                        "modality": "text+image->text",
                        "input_modalities": ["text", "image"],
                        "output_modalities": ["text"],
                    },
                    "pricing": {
                        "prompt": "0.00000125",
                        "completion": "0.00001",
                        "request": "0.005",
                        "image": "0",
                        "internal_reasoning": "0",
                        "input_cache_read": "0.000000125",
                        "input_cache_write": "0.000001625",
                        "overrides": [
                            {
                                "min_prompt_tokens": 200001,
                                "prompt": "0.0000025",
                                "completion": "0.000015",
                            },
                            {"utc_start": "16:30", "utc_end": "00:30", "prompt": "0.0000001"},
                        ],
                    },
                    "top_provider": {"context_length": 200000, "max_completion_tokens": 64000},
                    "expiration_date": "2026-12-31",
                },
                {"id": "openrouter/auto", "pricing": {"prompt": "-1", "completion": "-1"}},
            ]
        },
        [
            ListedModel(
                id="a/b",
                display_name="A: B",
                context_window=200000,
                max_output_tokens=64000,
                input_modalities=("text", "image"),
                output_modalities=("text",),
                created_at=datetime(2025, 5, 11, 21, 46, 40, tzinfo=UTC),
                lifecycle="deprecated",
                retires_on=date(2026, 12, 31),
                price=price(
                    "1.25",
                    "10",
                    cached="0.125",
                    written="1.625",
                    request="0.005",
                    tiers=(
                        Tier(
                            above_input_tokens=200000,
                            rates=rates("2.5", "15", cached="0.125", written="1.625"),
                        ),
                    ),
                ),
            ),
            ListedModel(id="openrouter/auto"),
        ],
        id="OpenRouter",
    ),
    pytest.param(
        # https://docs.mistral.ai/api/endpoint/models
        {
            "data": [
                {
                    "id": "magistral-medium-2509",
                    "created": 1766520693,
                    "name": "magistral-medium-2509",
                    "max_context_length": 131072,
                    "deprecation": "2026-07-31T12:00:00Z",
                    "deprecation_replacement_model": "mistral-medium-latest",
                },
                {"id": "mistral-small-2603", "deprecation": None, "max_context_length": 262144},
            ]
        },
        [
            ListedModel(
                id="magistral-medium-2509",
                context_window=131072,
                created_at=datetime(2025, 12, 23, 20, 11, 33, tzinfo=UTC),
                lifecycle="deprecated",
                retires_on=date(2026, 7, 31),
                replaced_by="mistral-medium-latest",
            ),
            ListedModel(id="mistral-small-2603", context_window=262144),
        ],
        id="Mistral",
    ),
    pytest.param(
        # https://learn.microsoft.com/rest/api/azureopenai/models/list
        {
            "data": [
                {
                    "id": "gpt-4o-mini-2024-07-18",
                    "status": "succeeded",
                    "created_at": 1721260800,
                    "lifecycle_status": "generally-available",
                    "deprecation": {"fine_tune": 1774915200, "inference": 1790726400},
                },
                {"id": "new", "status": "succeeded", "lifecycle_status": "preview"},
            ]
        },
        [
            ListedModel(
                id="gpt-4o-mini-2024-07-18",
                created_at=datetime(2024, 7, 18, tzinfo=UTC),
                lifecycle="deprecated",
                retires_on=date(2026, 9, 30),
            ),
            ListedModel(id="new", lifecycle="active"),
        ],
        id="Azure",
    ),
    pytest.param(
        # https://deepinfra.com/docs/openai_api
        """{"data": [{"id": "m", "created": 0, "metadata": {"context_length": 40960, "max_tokens": 4096,
                "pricing": {"input_tokens": 0.07, "output_tokens": 0.3, "cache_read_tokens": 0.035}}}]}""",
        [
            ListedModel(
                id="m",
                context_window=40960,
                max_output_tokens=4096,
                price=price("0.07", "0.3", cached="0.035"),
            )
        ],
        id="DeepInfra",
    ),
    pytest.param(
        # https://novita.ai/docs/api-reference/model-apis-llm-list-models
        {
            "data": [
                {
                    "id": "m",
                    "title": "The M",
                    "context_size": 131072,
                    "max_output_tokens": 16384,
                    "input_modalities": ["text"],
                    "input_token_price_per_m": 200,
                    "output_token_price_per_m": 500,
                }
            ]
        },
        [
            ListedModel(
                id="m",
                display_name="The M",
                context_window=131072,
                max_output_tokens=16384,
                input_modalities=("text",),
                price=price("0.02", "0.05"),
            )
        ],
        id="Novita",
    ),
    pytest.param(
        # https://docs.x.ai/docs/api-reference#list-language-models
        {
            "models": [
                {
                    "id": "grok-4.3",
                    "created": 1752019200,
                    "input_modalities": ["text", "image"],
                    "output_modalities": ["text"],
                    "prompt_text_token_price": 12500,
                    "cached_prompt_text_token_price": 2000,
                    "completion_text_token_price": 25000,
                    "long_context_threshold": 200000,
                    "prompt_text_token_price_long_context": 25000,
                    "completion_text_token_price_long_context": 50000,
                }
            ]
        },
        [
            ListedModel(
                id="grok-4.3",
                input_modalities=("text", "image"),
                output_modalities=("text",),
                created_at=datetime(2025, 7, 9, tzinfo=UTC),
                price=price(
                    "1.25",
                    "2.5",
                    cached="0.2",
                    tiers=(Tier(above_input_tokens=200000, rates=rates("2.5", "5")),),
                ),
            )
        ],
        id="xAI",
    ),
    pytest.param(
        # https://docs.tokenfactory.nebius.com/api-reference/examples/list-of-models
        {
            "data": [
                {
                    "id": "m",
                    "context_length": 32768,
                    "architecture": {"modality": "text+image->text"},
                    "pricing": {"prompt": "0.00000013", "completion": "0.0000004"},
                }
            ]
        },
        [
            ListedModel(
                id="m",
                context_window=32768,
                input_modalities=("text", "image"),
                output_modalities=("text",),
                price=price("0.13", "0.4"),
            )
        ],
        id="Nebius, verbose",
    ),
    pytest.param(
        # https://docs.sambanova.ai/docs/en/api-reference/models
        {
            "data": [
                {
                    "id": "m",
                    "context_length": 16384,
                    "max_completion_tokens": 4096,
                    "pricing": {"prompt": "0.00000010", "completion": "0.00000020"},
                }
            ]
        },
        [ListedModel(id="m", context_window=16384, max_output_tokens=4096, price=price("0.1", "0.2"))],
        id="SambaNova",
    ),
    pytest.param(
        # https://huggingface.co/docs/inference-providers/hub-api
        """{"data": [{"id": "one", "architecture": {"input_modalities": ["text"]},
                          "providers": [{"provider": "p", "pricing": {"input": 0.1, "output": 0.2}}]},
                         {"id": "two", "providers": [{"pricing": {"input": 1, "output": 2}},
                                                     {"pricing": {"input": 3, "output": 4}}]}]}""",
        [
            ListedModel(id="one", input_modalities=("text",), price=price("0.1", "0.2")),
            ListedModel(id="two"),
        ],
        id="Hugging Face",
    ),
    pytest.param(
        {"data": [{"id": "m", "max_model_len": 4096}]},
        [ListedModel(id="m", context_window=4096)],
        id="vLLM",
    ),
    pytest.param(
        {"data": [{"id": "m", "meta": {"n_ctx": 2048, "n_ctx_train": 8192}}]},
        [ListedModel(id="m", context_window=2048)],
        id="llama.cpp",
    ),
    pytest.param(
        {"data": [{"id": "m", "context_length": None, "top_provider": {"context_length": 9}}]},
        [ListedModel(id="m", context_window=9)],
        id="the top provider's",
    ),
    pytest.param(
        {
            "data": [
                {
                    "id": "m",
                    "context_length": 0,
                    "max_completion_tokens": "big",
                    "created": 735790403,
                    "architecture": {"modality": "text"},
                    "pricing": {"prompt": "free", "completion": None},
                    "expiration_date": "soon",
                    "status": 1,
                }
            ]
        },
        [ListedModel(id="m")],
        id="what cannot be is unknown",
    ),
    pytest.param({"data": [], "has_more": False, "links": {"next": None}, "total_count": 0}, [], id="none"),
]
