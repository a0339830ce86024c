"""What Ctrl-C raises while a model trains."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from w2v.training.runs import TrainingResult


class TrainingInterrupt(KeyboardInterrupt):
    """Ctrl-C ended training; the model keeps the progress made so far and can be trained on.

    It is a `KeyboardInterrupt`, so that Ctrl-C ends a loop of trainings as it ends any program.
    Catch it to go on with the model.

    Attributes
    ----------
    model : Word2Vec
        The model as it is, even if the constructor trained it.
    result : TrainingResult
        What was trained before.
    checkpoint : str or None
        The file from which `Word2Vec.resume` goes on, if there is one.

    Examples
    --------
    >>> import w2v
    >>> corpus = w2v.Corpus([["sun", "moon", "star"], ["bread", "milk", "egg"]] * 50)
    >>> try:
    ...     model = w2v.Word2Vec(corpus, vector_size=10)
    ... except w2v.TrainingInterrupt as interrupt:
    ...     model = interrupt.model
    """

    def __init__(
        self,
        model: Any,
        result: TrainingResult,
        epochs: int,
        checkpoint: str | None = None,
    ) -> None:
        more = f"; resume it with Word2Vec.resume({checkpoint!r}, text)" if checkpoint else ""
        super().__init__(
            f"training was interrupted in epoch {max(1, len(result.loss))} of {epochs}; the model "
            f"keeps the progress made so far: catch w2v.TrainingInterrupt to use it{more}"
        )
        self.model, self.result, self.checkpoint = model, result, checkpoint
        self._epochs = epochs

    def __reduce__(self) -> Any:
        return type(self), (self.model, self.result, self._epochs, self.checkpoint)
