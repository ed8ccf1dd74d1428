"""Free text becomes visible, editable filters and the words that are left for ranking."""
