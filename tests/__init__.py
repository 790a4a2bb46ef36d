"""The tests: tests/ mirrors analyzer/ and rules/, tests/benchmarks/ what is measured, never asserted."""
