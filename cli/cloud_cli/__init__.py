"""The command line interface ``cloud``."""
