"""Whole results as one file: asked for, walked part by part by a job, encoded, fetched."""
