"""What is right: verdicts, the mistakes that explain them, points."""
