"""File formats: one module each, none of them a pickle."""
