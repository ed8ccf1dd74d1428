"""How fast texts become vectors, against sentence-transformers in the same run, and what rounding costs in ranking."""
