"""Words with their counts: which are trained, how often each is drawn, the Huffman tree."""

from w2v.vocab.pruning import RULE_DEFAULT, RULE_DISCARD, RULE_KEEP
from w2v.vocab.vocabulary import Vocabulary

__all__ = ["RULE_DEFAULT", "RULE_DISCARD", "RULE_KEEP", "Vocabulary"]
