"""The course: what an instructor wrote, in `grading.yml` and in two files for each exercise."""
