"""Tests of archdiff.weights.pairing."""
