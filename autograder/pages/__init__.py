"""What people look at: a feedback page for each student, the class report."""
