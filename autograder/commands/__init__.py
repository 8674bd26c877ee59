"""The commands, one module for each group, and what the terminal shows of them."""
