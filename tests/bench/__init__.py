"""Measurements, not tests: what a question costs, as multiples of one reading of the same log in the same run."""
