"""What Praxis ships: the customer base, the handlers behind service tasks, and the practices."""
