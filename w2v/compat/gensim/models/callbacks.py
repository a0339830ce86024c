"""`CallbackAny2Vec`, the base of callbacks that `Word2Vec` calls while it trains."""

from __future__ import annotations

from typing import Any


class CallbackAny2Vec:
    """Base of callbacks: override the methods for the moments that matter.

    Each receives the model as it is at that moment. Callbacks need not be saved with a model, and
    are not.

    Examples
    --------
    >>> from w2v.compat.gensim.models import Word2Vec
    >>> from w2v.compat.gensim.models.callbacks import CallbackAny2Vec
    >>> class Epochs(CallbackAny2Vec):
    ...     ended = 0
    ...
    ...     def on_epoch_end(self, model):
    ...         self.ended += 1
    >>> epochs = Epochs()
    >>> model = Word2Vec([["sun", "moon"]] * 9, min_count=1, epochs=3, callbacks=[epochs])
    >>> epochs.ended
    3
    """

    def on_train_begin(self, model: Any) -> None:
        """Be called when training begins."""

    def on_train_end(self, model: Any) -> None:
        """Be called when training has ended."""

    def on_epoch_begin(self, model: Any) -> None:
        """Be called when an epoch begins."""

    def on_epoch_end(self, model: Any) -> None:
        """Be called when an epoch has ended."""
