"""The small texts that gensim's documentation uses."""
