"""The command line: ``python -m otgen compare "a cat" "a castle"``."""

import sys

from otgen.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
