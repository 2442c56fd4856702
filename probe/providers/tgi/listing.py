"""The one model that a TGI server serves, out of `/info`.

https://github.com/huggingface/text-generation-inference/blob/main/docs/openapi.json (`Info`)
"""

from probe.catalog.models.listed import ListedModel
from probe.errors import ProviderError
from probe.providers.native.api import ListingCall, ModelListing
from probe.providers.pages import ModelPage
from probe.providers.preset import Endpoint
from probe.providers.values import size

# What goes in and what comes out, by the pipeline that the Hub has the model under.
_MODALITIES = {
    "text-generation": (("text",), ("text",)),
    "text2text-generation": (("text",), ("text",)),
    "image-text-to-text": (("text", "image"), ("text",)),
}


def _read_info(value: object, endpoint: Endpoint) -> ModelPage[ListingCall]:
    """The model. Raises ProviderError if `value` is not what `/info` answers.

    Its context window is what the server was started with: input and output together.
    """
    name = value.get("model_id") if isinstance(value, dict) else None
    if not isinstance(value, dict) or not isinstance(name, str) or not name:
        raise ProviderError(f"{endpoint.name}: the answer names no model")
    pipeline = value.get("model_pipeline_tag")
    takes, gives = _MODALITIES.get(pipeline, (None, None)) if isinstance(pipeline, str) else (None, None)
    model = ListedModel(
        id=name,
        context_window=size(value.get("max_total_tokens")),
        input_modalities=takes,
        output_modalities=gives,
    )
    return ModelPage(models=(model,))


INFO = ModelListing(first=ListingCall(path="/info"), read=_read_info)
