"""Commands, one file a subject; a command opens an installation, calls the stages, prints."""
