"""For tests: GitHub's API over real bare git repositories, with its real errors and a door for faults."""
