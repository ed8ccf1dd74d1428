"""Stages 2 to 4: reads RawRecord from the lake, writes Account, Post, Creator and Signals to their indices."""
