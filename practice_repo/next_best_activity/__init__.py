"""Next best activity: which practice to deploy next, and why. Pure: no database, no clock, no screen."""
