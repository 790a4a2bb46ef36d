"""Benchmarks: ratios and medians printed as one Markdown table, never asserted."""
