"""The scikit-learn estimator protocol, for SequenceClassifier, without importing scikit-learn."""

from __future__ import annotations

import inspect
from typing import Any, TypeVar

Estimator = TypeVar("Estimator", bound="ClassifierProtocol")


class ClassifierProtocol:
    """Parameters by name, and what `sklearn.base.clone` and scikit-learn's checks call.

    Parameters are those of ``__init__``, each stored in an attribute of the same name; a fitted
    classifier has `network_`.
    """

    @classmethod
    def _parameter_names(cls) -> list[str]:
        return [name for name in inspect.signature(cls.__init__).parameters if name != "self"]

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Return the parameters by name; `deep` is ignored."""
        return {name: getattr(self, name) for name in self._parameter_names()}

    def set_params(self: Estimator, **params: Any) -> Estimator:
        """Set parameters by name, for the next `fit`; return the classifier."""
        names = self._parameter_names()
        for name in params:
            if name not in names:
                raise ValueError(f"unknown parameter {name!r}: expected one of {', '.join(names)}")
        for name, value in params.items():
            setattr(self, name, value)
        return self

    def __sklearn_clone__(self: Estimator) -> Estimator:
        # Shares the vectors: a grid search must not copy them for every candidate.
        return type(self)(**self.get_params())

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "network_")

    def __sklearn_tags__(self) -> Any:
        from sklearn.utils import ClassifierTags, InputTags, Tags, TargetTags

        return Tags(
            estimator_type="classifier",
            target_tags=TargetTags(required=True),
            classifier_tags=ClassifierTags(),
            input_tags=InputTags(two_d_array=False, string=True),
        )
