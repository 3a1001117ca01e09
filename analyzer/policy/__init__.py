"""Policy: what each further day of keeping costs, and which rule would help."""
