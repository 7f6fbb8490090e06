"""Benchmarks: ratios measured side by side. ``python -m bench`` runs all, or those named."""
