"""What the answer hangs on: drivers, risks, and futures weighted by what has been observed."""
