"""The providers, each as its own reference describes it: addresses, bodies, errors, headers."""
