"""``python -m slimfix``."""

from slimfix.main import main

if __name__ == "__main__":
    main()
