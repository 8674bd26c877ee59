"""The results folder: the record, who may write to it, and what is read out of it."""
