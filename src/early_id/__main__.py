"""``python -m early_id`` does the same as the command ``early-id``."""

from early_id.cli.app import main

if __name__ == "__main__":
    main()
