"""How good the learnt signals are: trained on one file, scored on another."""
