"""Measures of why."""
