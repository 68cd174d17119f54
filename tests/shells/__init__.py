"""Differential execution: scripts before and after a rewrite, run in real shells and compared."""
