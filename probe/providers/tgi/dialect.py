"""TGI's own dialect as a value: `/generate_stream` for a stream, `/generate` for one body."""

from __future__ import annotations

from probe.providers.native.dialect import ListingCall, NativeDialect, PromptCall
from probe.providers.preset import Quirks
from probe.providers.protocol import Prompt
from probe.providers.tgi.listing import read_info
from probe.providers.tgi.reading import GRAMMAR, OUTPUT_PATTERN
from probe.providers.tgi.request import generate_body


def _generate(prompt: Prompt, _quirks: Quirks) -> PromptCall:
    return PromptCall(path="/generate_stream" if prompt.stream else "/generate", body=generate_body(prompt))


TGI = NativeDialect(
    grammar=GRAMMAR,
    output_pattern=OUTPUT_PATTERN,
    auth="bearer",
    request=_generate,
    listing=ListingCall(path="/info"),
    read_listing=read_info,
    first_answer=(
        b'data:{"index":1,"token":{"id":1,"text":".","logprob":0.0,"special":false},"generated_text":".",'
        b'"details":{"finish_reason":"length","generated_tokens":1,"input_length":1}}\n\n'
    ),
)
