"""The dialect of Text Generation Inference's own API: `/generate_stream` and `/generate`."""
