"""``python -m slimfix``."""

from slimfix.cli import main

if __name__ == "__main__":
    main()
