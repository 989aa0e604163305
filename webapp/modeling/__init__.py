"""What stands behind the modeler's page: the variant being tailored, its findings, its words, and plays of it."""
