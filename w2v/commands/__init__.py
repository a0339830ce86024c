"""The commands of ``w2v`` in groups; `w2v.cli` puts them together."""
