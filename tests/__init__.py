"""Tests of slimfix."""
