"""The question: a folder of TOML and tables becomes labelled arrays, or a list of all its faults."""
