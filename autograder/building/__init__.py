"""What students get: notebooks with their visible checks, and all that may be published."""
