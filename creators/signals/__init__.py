"""The types of signals: values computed about a creator, each with the way it was found."""
