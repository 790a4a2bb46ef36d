"""Tests of compared modelling code."""
