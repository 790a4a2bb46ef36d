"""Tests of declared lineage."""
