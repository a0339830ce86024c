"""RNNLanguageModel learns and predicts; each softmax sums to 1."""

import math

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from w2v import KeyedVectors  # noqa: E402
from w2v.sequence import RNNLanguageModel, SequenceClassifier  # noqa: E402
from w2v.sequence.softmax import AdaptiveSoftmax, FullSoftmax, SampledSoftmax  # noqa: E402
from w2v.sequence.training import check_finite  # noqa: E402

WORDS = ["I", "am", "you", "are", "here", "now", "never"]
# After "I" comes "am", after "you" comes "are"; then a coin decides, and "now" ends half of them.
SENTENCES = [
    "I am here", "I am now", "you are here", "you are now",
] * 20  # fmt: skip
SMALL = {"hidden_size": 16, "epochs": 8, "batch_size": 8, "learning_rate": 0.02, "device": "cpu"}


@pytest.fixture(autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def wv():
    vectors = np.random.default_rng(1).normal(size=(7, 6)).astype(np.float32)
    return KeyedVectors(WORDS, vectors, counts=[40, 80, 20, 90, 60, 50, 1])


@pytest.fixture(scope="module")
def fitted(wv):
    return RNNLanguageModel(wv, **SMALL).fit(SENTENCES)


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"cell": "rnn"},
        {"cell": "gru", "num_layers": 2, "chrono_init": 20},
        {"tie_weights": True, "freeze": False},
        {"softmax": "sampled", "num_sampled": 100},
        {"softmax": "sampled", "num_sampled": 100, "tie_weights": True},
        {"softmax": "adaptive"},
    ],
)
def test_it_learns_what_comes_next(wv, settings):
    model = RNNLanguageModel(wv, **{**SMALL, **settings}).fit(SENTENCES)
    (first, chance), (_, second) = model.predict_next(["I"], topn=2)
    assert first == "am"
    assert chance > 0.9 > second
    assert model.predict_next("you", topn=1)[0][0] == "are"
    assert {word for word, _ in model.predict_next("", topn=2)} == {"I", "you"}
    found = dict(model.predict_next("I am", topn=7))
    assert 0.3 < found["here"] < 0.7
    assert 0.3 < found["now"] < 0.7
    assert sum(found.values()) == pytest.approx(1)
    # A coin, a certain word, and a coin: 2, 1 and 2 choices, at best.
    assert 4 ** (1 / 3) - 0.01 < model.perplexity(SENTENCES[:4]) < 1.8


def test_perplexity_is_that_of_the_probabilities(fitted):
    total, count = 0.0, 0
    for sentence in ("you are here", "never am"):
        words = sentence.split()
        for i, word in enumerate(words):
            total -= math.log(fitted.probabilities(words[:i])[WORDS.index(word)])
            count += 1
    found = fitted.perplexity(["you are here", "never am"])
    assert found == pytest.approx(math.exp(total / count), rel=1e-5)


def test_long_texts_are_cut_and_no_word_is_lost(wv):
    model = RNNLanguageModel(wv, segment_length=3, epochs=1, hidden_size=2)
    data = model._segments(["I am here you are now never who", [], "I"])
    inputs, targets = data.inputs, data.targets
    segments = zip(inputs.lengths, targets.lengths, strict=True)
    assert [tuple(map(int, lengths)) for lengths in segments] == [(3, 3), (3, 3), (2, 2), (1, 1)]
    assert targets.ids.tolist() == [2, 3, 6, 4, 5, 7, 8, 1, 2]
    assert inputs.ids.tolist() == [0, 2, 3, 6, 4, 5, 7, 8, 0]
    assert data.unknown == 1


def test_what_is_held_out_is_measured(wv):
    told = []
    model = RNNLanguageModel(wv, **{**SMALL, "epochs": 2, "progress": told.append})
    model.fit(SENTENCES, validation=["I am here", "you are here"])
    assert told == model.history_
    assert [epoch.epoch for epoch in told] == [1, 2]
    assert told[1].loss < told[0].loss
    found = model.perplexity(["I am here", "you are here"])
    assert told[1].validation_perplexity == pytest.approx(found, rel=1e-6)


def test_generated_words_follow_the_probabilities(fitted):
    assert fitted.generate("I", 1, temperature=0) == ["am"]
    assert fitted.generate("I", 5, seed=3) == fitted.generate(["I"], 5, seed=3)
    assert fitted.generate("I", 0) == []
    drawn = [fitted.generate("I am", 1, seed=seed)[0] for seed in range(300)]
    chance = dict(fitted.predict_next("I am", 7))["here"]
    assert abs(drawn.count("here") / 300 - chance) < 4 * math.sqrt(0.25 / 300)
    hot = {fitted.generate("I", 1, temperature=50.0, seed=seed)[0] for seed in range(100)}
    assert hot == set(WORDS)  # all alike
    assert fitted.generate("you", 1, temperature=1e-3) == ["are"]


def test_a_state_carried_on_is_the_text_read_anew(fitted):
    made = fitted.generate("I", 6, temperature=0)
    words = ["I"]
    for word in made:
        assert fitted.predict_next(words, 1)[0][0] == word
        words.append(word)


def test_tied_weights_are_the_vectors(wv):
    model = RNNLanguageModel(wv, tie_weights=True, freeze=False, **SMALL).fit(SENTENCES)
    weights, _ = model.network_.output.weights()
    assert weights.data_ptr() == model.embedding_.weight[2:].data_ptr()
    changed = np.abs(model.embedding_.to_keyed_vectors().vectors - wv.vectors).max(axis=1)
    assert (changed > 1e-3).all()  # the word that is never seen too: as an output
    names = [name for name, _ in model.network_.named_parameters()]
    assert [name for name in names if name.startswith("output")] == [
        "output.bias",
        "output.project.weight",
    ]
    frozen = RNNLanguageModel(wv, tie_weights=True, **SMALL).fit(SENTENCES)
    np.testing.assert_array_equal(frozen.embedding_.to_keyed_vectors().vectors, wv.vectors)


@pytest.mark.parametrize("seed", [1, 2])
def test_the_same_seed_gives_the_same_network(wv, seed):
    settings = {**SMALL, "epochs": 1, "seed": seed}
    torch.manual_seed(seed + 10)
    before = torch.get_rng_state()
    one = RNNLanguageModel(wv, **settings).fit(SENTENCES)
    assert torch.equal(torch.get_rng_state(), before)
    two = RNNLanguageModel(wv, **settings).fit(SENTENCES)
    np.testing.assert_array_equal(one.probabilities("I"), two.probabilities("I"))


def test_hidden_states_are_those_that_predict(fitted):
    states = fitted.hidden_states("I am here")
    assert states.words == ["I", "am", "here"]
    assert states.hidden.shape == (4, 16)
    assert set(states.gates) == {"input", "forget", "candidate", "output"}


# ---- The three softmaxes -------------------------------------------------------------------------


def states(count=40, size=5, words=30, seed=1):
    torch.manual_seed(seed)
    full = FullSoftmax(size, words)
    with torch.no_grad():
        full.weight.normal_()
        full.bias.normal_()
    return full, torch.randn(count, size), torch.randint(words, (count,))


def test_the_full_loss_is_minus_the_log_probability():
    full, hidden, words = states()
    scores = full.log_probabilities(hidden)
    torch.testing.assert_close(scores.exp().sum(1), torch.ones(40))
    expected = -scores.gather(1, words[:, None]).mean()
    torch.testing.assert_close(full.loss(hidden, words), expected)


def test_the_sampled_loss_tends_to_the_full_one():
    full, hidden, _ = states()
    words = full.logits(hidden).argmax(1)  # which the noise hits too, and must not count
    # Words are drawn by counts that are far from even, which the correction has to make up for.
    counts = np.arange(30) ** 2
    exact = full.loss(hidden, words)
    (wanted,) = torch.autograd.grad(exact, [full.weight])
    sampled = SampledSoftmax(full, counts, 200_000)
    found = sampled.loss(hidden, words)
    assert found.item() == pytest.approx(exact.item(), rel=0.02)
    (gradient,) = torch.autograd.grad(found, [sampled.weight])
    assert float((gradient - wanted).norm() / wanted.norm()) < 0.05


def test_the_adaptive_softmax_knows_words_in_any_order():
    ranks = np.random.default_rng(1).permutation(30)
    torch.manual_seed(1)
    adaptive = AdaptiveSoftmax(5, ranks)
    hidden, words = torch.randn(40, 5), torch.randint(30, (40,))
    scores = adaptive.log_probabilities(hidden)
    torch.testing.assert_close(scores.exp().sum(1), torch.ones(40))
    expected = -scores.gather(1, words[:, None]).mean()
    torch.testing.assert_close(adaptive.loss(hidden, words), expected)
    inner = adaptive.softmax.log_prob(hidden)
    torch.testing.assert_close(scores[:, 7], inner[:, ranks[7]])


def test_frequent_words_are_in_the_first_group(wv):
    model = RNNLanguageModel(wv, softmax="adaptive")
    assert model._frequency_ranks().tolist() == [4, 1, 5, 0, 2, 3, 6]


# ---- Files ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"cell": "gru", "num_layers": 2, "freeze": False, "unknown": "mean"},
        {"tie_weights": True, "freeze": False},
        {"softmax": "sampled", "num_sampled": 4, "chrono_init": 9},
        {"softmax": "adaptive", "lowercase": False},
    ],
)
def test_a_saved_model_is_the_same(wv, tmp_path, settings):
    model = RNNLanguageModel(wv, **{**SMALL, "epochs": 1, **settings}).fit(SENTENCES, ["I am"])
    model.save(tmp_path / "model.safetensors")
    again = RNNLanguageModel.load(tmp_path / "model.safetensors", device="cpu")
    for prompt in ("", "I am", "strangely I"):
        np.testing.assert_array_equal(again.probabilities(prompt), model.probabilities(prompt))
    assert again.generate("I", 5) == model.generate("I", 5)
    assert again.history_ == model.history_
    assert {**again.settings, "progress": 0} == {**model.settings, "progress": 0}
    np.testing.assert_array_equal(again.embedding_.to_keyed_vectors().counts, wv.counts)
    assert again.fit(SENTENCES).perplexity(["I am"]) > 1


def test_a_tokenizer_that_is_a_function_is_given_again(wv, tmp_path):
    def halves(text):
        return text.split("|")

    path = tmp_path / "model.safetensors"
    RNNLanguageModel(wv, tokenizer=halves, **SMALL).fit(["I|am", "you|are"]).save(path)
    with pytest.raises(ValueError, match="the tokenizer is a function, 'halves'"):
        RNNLanguageModel.load(path)
    model = RNNLanguageModel.load(path, tokenizer=halves)
    assert model.perplexity(["I|am"]) > 1


def test_files_of_another_kind(wv, fitted, tmp_path):
    path = tmp_path / "file"
    wv.save(path)
    with pytest.raises(ValueError, match="file"):
        RNNLanguageModel.load(path)
    fitted.save(path)
    with pytest.raises(ValueError, match="file"):
        SequenceClassifier.load(path)
    path.write_bytes(path.read_bytes()[:-9])
    with pytest.raises(ValueError, match="file"):
        RNNLanguageModel.load(path)


# ---- Bad input -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({"cell": "mean"}, "cell='mean': expected one of 'rnn', 'gru', 'lstm'"),
        ({"softmax": "hard"}, "softmax='hard': expected one of 'auto', 'full'"),
        ({"softmax": "adaptive", "tie_weights": True}, "use softmax='sampled' or 'full'"),
        ({"hidden_size": 0}, "hidden_size=0: expected an integer of at least 1"),
        ({"epochs": True}, "epochs=True"),
        ({"dropout": 1.0}, r"dropout=1.0: expected a number in \[0, 1\)"),
        ({"learning_rate": 0}, "learning_rate=0: expected a positive finite number"),
        ({"max_grad_norm": math.inf}, "max_grad_norm=inf"),
        ({"cell": "rnn", "chrono_init": 5}, "chrono_init: a plain RNN has no gates"),
        ({"unknown": "x"}, "unknown='x'"),
    ],
)
def test_settings_out_of_range(wv, settings, expected):
    with pytest.raises(ValueError, match=expected):
        RNNLanguageModel(wv, **settings)


def test_nothing_to_learn_from(wv):
    model = RNNLanguageModel(wv, **SMALL)
    for texts in ([], [""], ["who knows"]):
        with pytest.raises(ValueError, match="there is nothing to predict"):
            model.fit(texts)
    with pytest.raises(ValueError, match="validation contains no word"):
        model.fit(SENTENCES, validation=["who"])
    with pytest.raises(TypeError, match="single string"):
        model.fit("I am")
    for ask in (model.predict_next, model.generate, model.perplexity, model.save):
        with pytest.raises(RuntimeError, match="has not been fitted"):
            ask(["I"])


def test_questions_out_of_range(fitted):
    with pytest.raises(ValueError, match="topn=0"):
        fitted.predict_next("I", topn=0)
    with pytest.raises(ValueError, match="n=-1"):
        fitted.generate("I", -1)
    with pytest.raises(ValueError, match="temperature=-1"):
        fitted.generate("I", temperature=-1)


def test_unknown_words_are_counted_and_told(fitted):
    with pytest.warns(UserWarning, match="none of the 2 words is in the vocabulary"):
        fitted.predict_next("who knows")
    with pytest.warns(UserWarning, match="perplexity ignores 1 of 4 words"):
        fitted.perplexity(["I am who", "I"])
    with pytest.raises(ValueError, match="perplexity is undefined"):
        fitted.perplexity(["who"])


def test_a_loss_that_is_none_says_where(wv):
    # The first step makes weights so large that the next scores are infinite.
    model = RNNLanguageModel(wv, **{**SMALL, "learning_rate": 3e37, "max_grad_norm": None})
    with pytest.raises(FloatingPointError, match=r"the loss is (nan|inf) in epoch 1, batch [23] "):
        model.fit(SENTENCES)


def test_ctrl_c_leaves_what_was_learned(wv):
    def interrupt(epoch):
        if epoch.epoch == 4:
            raise KeyboardInterrupt

    model = RNNLanguageModel(
        wv, **{**SMALL, "num_layers": 2, "dropout": 0.5, "progress": interrupt}
    )
    with pytest.raises(KeyboardInterrupt):
        model.fit(SENTENCES)
    assert len(model.history_) == 4
    np.testing.assert_array_equal(model.probabilities("I"), model.probabilities("I"))
    assert model.predict_next("I", 1)[0][0] == "am"


def test_a_gpu_that_is_not_there(wv):
    if torch.cuda.is_available():
        pytest.skip("this machine has one")
    with pytest.raises(ValueError, match="device='cuda'"):
        RNNLanguageModel(wv, **{**SMALL, "device": "cuda"}).fit(SENTENCES)


def test_a_fit_that_fails_leaves_what_was_fitted(wv, tmp_path):
    model = RNNLanguageModel(wv, freeze=False, **SMALL).fit(SENTENCES)
    before = model.probabilities("I")
    for texts, validation in (("I am", None), ([], None), (SENTENCES, ["nothing known"])):
        with pytest.raises((TypeError, ValueError)):
            model.fit(texts, validation)
    model.save(tmp_path / "model")
    for one in (model, RNNLanguageModel.load(tmp_path / "model", device="cpu")):
        np.testing.assert_allclose(one.probabilities("I"), before, atol=1e-6)


def test_numbers_of_numpys_are_saved(wv, tmp_path):
    settings = {"seed": np.int64(3), "learning_rate": np.float32(0.5), "chrono_init": np.int64(5)}
    model = RNNLanguageModel(wv, **{**SMALL, **settings, "epochs": np.int64(1)}).fit(SENTENCES)
    model.save(tmp_path / "model")
    assert RNNLanguageModel.load(tmp_path / "model").settings["chrono_init"] == 5


def test_words_without_a_vector_are_counted(wv):
    with pytest.warns(UserWarning, match="have no vector") as told:
        RNNLanguageModel(wv, **{**SMALL, "epochs": 1}).fit(["I was here"], ["YOU are", "you are"])
    messages = [str(one.message) for one in told]
    assert [one.split(" words")[0] for one in messages] == ["texts: 1 of 3", "validation: 1 of 4"]


def test_losses_beyond_all_numbers(wv):
    settings = {**SMALL, "epochs": 1, "batch_size": 80}
    model = RNNLanguageModel(wv, **{**settings, "learning_rate": 1e4}).fit(SENTENCES, SENTENCES)
    assert model.history_[0].validation_perplexity == math.inf
    with pytest.raises(FloatingPointError, match="made weights NaN or infinite: lower"):
        check_finite([torch.nn.Parameter(torch.tensor([1.0, math.nan]))], 0.1)


@pytest.mark.parametrize(("name", "value"), [("chrono_init", 2), ("progress", "yes")])
def test_settings_that_cannot_be(wv, fitted, tmp_path, name, value):
    with pytest.raises((ValueError, TypeError), match=f"{name}={value!r}: expected"):
        RNNLanguageModel(wv, **{name: value})
    fitted.save(tmp_path / "model")
    with pytest.raises(TypeError, match="progress='no': expected True, False"):
        RNNLanguageModel.load(tmp_path / "model", progress="no")


def test_an_adaptive_softmax_of_few_units_gives_each_word_its_own_probability():
    words = 21_000
    scores = AdaptiveSoftmax(8, np.arange(words)).log_probabilities(torch.randn(1, 8))[0].detach()
    assert torch.isclose(scores.exp().sum(), torch.tensor(1.0), atol=1e-4)
    assert len(set(scores[20_000:].tolist())) > 900
    with pytest.raises(ValueError, match="at least two words"):
        AdaptiveSoftmax(8, np.arange(1))
