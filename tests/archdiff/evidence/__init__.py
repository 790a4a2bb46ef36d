"""Tests of the evidence that lies beside the weights."""
