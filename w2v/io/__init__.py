"""Files: which ones, compressed or not, in what format; one module per format."""
