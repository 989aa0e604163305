"""Runs BPMN: model, runtime, store, commands, queries and worker. Knows no HTTP, no screens, no practices."""
