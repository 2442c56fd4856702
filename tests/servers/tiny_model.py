"""Writes a tiny llama model with random weights in GGUF: the text it generates is noise, the engine is real.

`width` and `layers` set how slow it is: 2 × 64 answers at once, 12 × 1024 after some 200 ms on two cores.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import gguf

WORDS = ("the", "a", "quick", "brown", "fox", "jumps", "over", "lazy", "dog", "hello", "world")
HEADS, KEY_VALUE_HEADS = 4, 2
CHAT_TEMPLATE = "{% for m in messages %}{{ m['role'] }}: {{ m['content'] }}\n{% endfor %}assistant:"


def write_tiny_model(path: Path, *, layers: int = 2, width: int = 64, context: int = 4096) -> None:
    """Write the model file. Seeded: the same arguments give the same file."""
    import gguf

    tokens = _vocabulary()
    out = gguf.GGUFWriter(path, "llama")
    _describe(out, layers, width, context, len(tokens))
    out.add_tokenizer_model("llama")
    out.add_tokenizer_pre("default")
    out.add_token_list([token for token, _ in tokens])
    out.add_token_scores([-float(index) for index in range(len(tokens))])
    out.add_token_types([int(kind) for _, kind in tokens])
    out.add_bos_token_id(1)
    out.add_eos_token_id(2)
    out.add_unk_token_id(0)
    out.add_chat_template(CHAT_TEMPLATE)
    _add_weights(out, layers, width, len(tokens))
    out.write_header_to_file()
    out.write_kv_data_to_file()
    out.write_tensors_to_file()
    out.close()


def _vocabulary() -> list[tuple[bytes, gguf.TokenType]]:
    import gguf

    kind = gguf.TokenType
    special = [(b"<unk>", kind.UNKNOWN), (b"<s>", kind.CONTROL), (b"</s>", kind.CONTROL)]
    single = [(b"<0x%02X>" % value, kind.BYTE) for value in range(256)]
    texts = ("\u2581", *"abcdefghijklmnopqrstuvwxyz", *("\u2581" + word for word in WORDS))
    return special + single + [(text.encode(), kind.NORMAL) for text in texts]


def _describe(out: gguf.GGUFWriter, layers: int, width: int, context: int, vocabulary: int) -> None:
    import gguf

    out.add_name("tiny-random")
    out.add_context_length(context)
    out.add_embedding_length(width)
    out.add_block_count(layers)
    out.add_feed_forward_length(2 * width)
    out.add_head_count(HEADS)
    out.add_head_count_kv(KEY_VALUE_HEADS)
    out.add_layer_norm_rms_eps(1e-5)
    out.add_rope_dimension_count(width // HEADS)
    out.add_vocab_size(vocabulary)
    out.add_file_type(gguf.LlamaFileType.ALL_F32)


def _add_weights(out: gguf.GGUFWriter, layers: int, width: int, vocabulary: int) -> None:
    import numpy as np

    generator = np.random.default_rng(0)

    def add(name: str, *shape: int, scale: float = 0.05) -> None:
        out.add_tensor(name, (generator.standard_normal(shape) * scale).astype(np.float32))

    def add_ones(name: str) -> None:
        out.add_tensor(name, np.ones(width, np.float32))

    add("token_embd.weight", vocabulary, width, scale=0.5)
    add_ones("output_norm.weight")
    add("output.weight", vocabulary, width, scale=0.3)
    narrow = KEY_VALUE_HEADS * width // HEADS
    for layer in range(layers):
        block = f"blk.{layer}."
        add_ones(block + "attn_norm.weight")
        add_ones(block + "ffn_norm.weight")
        for name, rows in (("attn_q", width), ("attn_k", narrow), ("attn_v", narrow), ("attn_output", width)):
            add(f"{block}{name}.weight", rows, width)
        for name, rows, columns in (
            ("ffn_gate", 2 * width, width),
            ("ffn_up", 2 * width, width),
            ("ffn_down", width, 2 * width),
        ):
            add(f"{block}{name}.weight", rows, columns)
