"""The tables as scripts/compile_tables.py makes them."""
