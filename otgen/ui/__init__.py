"""The page: the only part of otgen that knows gradio."""
