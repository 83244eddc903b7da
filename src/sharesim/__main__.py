"""`python -m sharesim` is `sharesim`."""

from sharesim.cli import main

raise SystemExit(main())
