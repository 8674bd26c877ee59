from otter.run.run_autograder import main

if __name__ == "__main__":
    main("/autograder")
