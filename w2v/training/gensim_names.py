"""Names of gensim, above all of gensim 3, and what to use instead."""

_DROP_IN = "w2v.compat.gensim.models.Word2Vec, which has the arguments of gensim"

# Arguments of the constructor and of `train`.
ARGUMENTS = {
    "size": "vector_size, the name since gensim 4",
    "iter": "epochs, the name since gensim 4",
    "corpus_iterable": f"sentences; or {_DROP_IN}",
    "compute_loss": f"training_loss, which is always computed; or {_DROP_IN}",
    **dict.fromkeys(
        (
            "progress_per", "keep_raw_vocab", "report_delay", "queue_factor", "word_count",
            "max_vocab_size", "sorted_vocab", "batch_words", "hashfxn", "null_word", "comment",
        ),
        _DROP_IN,
    ),
}  # fmt: skip
# Attributes and methods.
ATTRIBUTES = {
    "size": "vector_size",
    "layer1_size": "vector_size",
    "iter": "epochs",
    "vocab": "wv.key_to_index, or vocabulary.count(word)",
    "index2word": "wv.index_to_key",
    "syn0": "wv.vectors",
    "syn1neg": "output_vectors",
    "syn1": "node_vectors",
    "get_latest_training_loss": "training_loss",
    "init_sims": "wv.unit_normalize_all()",
    "accuracy": "wv.evaluate_word_analogies",
    **{
        name: f"wv.{name}"
        for name in (
            "most_similar", "most_similar_cosmul", "similar_by_word", "similar_by_vector",
            "similarity", "n_similarity", "distance", "distances", "doesnt_match", "wmdistance",
            "evaluate_word_pairs", "evaluate_word_analogies", "save_word2vec_format",
            "load_word2vec_format", "get_vector", "index_to_key", "key_to_index", "vectors",
        )
    },
}  # fmt: skip
