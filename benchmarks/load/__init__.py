"""Journeys of users, closed loop: think, ask, wait for the answer, think again."""
