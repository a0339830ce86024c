"""`Dictionary`: words with ids, and documents as bags of words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping


class Dictionary(Mapping[int, str]):
    """Ids of words, by which a document becomes a bag of words: pairs of an id and a count.

    Parameters
    ----------
    documents : iterable of iterable of str, optional
        Texts, each a list of words.

    Attributes
    ----------
    token2id : dict of str to int
    cfs, dfs : dict of int to int
        How often the word of an id occurs, and in how many documents.
    num_docs, num_pos, num_nnz : int
        Number of documents, of their words, and of the distinct words of each, summed.
    """

    def __init__(self, documents: Iterable[Iterable[str]] | None = None) -> None:
        self.token2id: dict[str, int] = {}
        self.cfs: Counter[int] = Counter()
        self.dfs: Counter[int] = Counter()
        self.num_docs = self.num_pos = self.num_nnz = 0
        self._words: list[str] = []
        self.add_documents(documents or ())

    def add_documents(self, documents: Iterable[Iterable[str]]) -> None:
        """Count the words of documents; new words get the next ids."""
        for document in documents:
            self.doc2bow(document, allow_update=True)

    def doc2bow(self, document: Iterable[str], allow_update: bool = False) -> list[tuple[int, int]]:
        """Return the pairs (id, count) of a document, by id; unknown words are left out.

        Parameters
        ----------
        document : iterable of str
        allow_update : bool, default False
            Give unknown words ids, and count the document.

        Raises
        ------
        TypeError
            If the document is a single string.
        """
        if isinstance(document, str):
            raise TypeError(f"document {document!r:.40}: expected a list of words, not one string")
        counts = Counter(document)
        if allow_update:
            for word in sorted(counts.keys() - self.token2id.keys()):
                self.token2id[word] = len(self._words)
                self._words.append(word)
        bag = sorted(
            (self.token2id[word], count) for word, count in counts.items() if word in self.token2id
        )
        if allow_update:
            self.num_docs += 1
            self.num_pos += sum(counts.values())
            self.num_nnz += len(bag)
            self.cfs.update(dict(bag))
            self.dfs.update(id_ for id_, _ in bag)
        return bag

    def doc2idx(self, document: Iterable[str], unknown_word_index: int = -1) -> list[int]:
        """Return the id of each word of a document, in order."""
        return [self.token2id.get(word, unknown_word_index) for word in document]

    @property
    def id2token(self) -> dict[int, str]:
        """The word of each id."""
        return dict(enumerate(self._words))

    def __getitem__(self, id_: int) -> str:
        if not 0 <= id_ < len(self._words):
            raise KeyError(id_)
        return self._words[id_]

    def __iter__(self) -> Iterator[int]:
        return iter(range(len(self._words)))

    def __len__(self) -> int:
        return len(self._words)
