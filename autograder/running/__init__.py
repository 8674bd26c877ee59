"""The judge's side of running student code: zygotes, workers, what they send back."""
