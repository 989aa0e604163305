"""What a practice achieved: facts of cases, KPIs over them, effects with their errors, evidence. Pure but `queries`."""
