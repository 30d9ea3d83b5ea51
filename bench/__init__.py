"""The benchmark: made-up clients, a load generator and the scenarios; see README.md."""
