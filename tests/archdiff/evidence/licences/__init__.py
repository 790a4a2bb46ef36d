"""Tests of the table of licences."""
