"""What is right: verdicts, and the mistakes that explain them."""
