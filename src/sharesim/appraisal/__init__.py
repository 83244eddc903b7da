"""What each bundle would be worth."""
