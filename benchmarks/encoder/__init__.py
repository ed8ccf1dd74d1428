"""What the encoder and the signals made with it cost, and how good they are."""
