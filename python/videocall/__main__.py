"""``python -m videocall`` is the ``videocall`` command."""

import sys

from videocall.cli import main

if __name__ == "__main__":
    sys.exit(main())
