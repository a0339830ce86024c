"""`BaseTopicModel` of gensim, for annotations and `isinstance`: no class of w2v is one."""


class BaseTopicModel:
    """Base of topic models."""
