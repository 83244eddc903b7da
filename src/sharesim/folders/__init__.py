"""Where results are written: folders that are replaced whole, files that are known by their digests, claims."""
