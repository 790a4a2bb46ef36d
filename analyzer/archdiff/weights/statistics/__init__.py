"""Tests of independence and their controls: pure functions of matrices, reproducible from a seed."""
