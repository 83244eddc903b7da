"""`python -m sharesim.cli` is `sharesim`."""

from sharesim.cli import main

raise SystemExit(main())
