"""Evaluation: analogies and word pairs whose answers are known, a slow reference, bad files."""

import json
import math
from types import SimpleNamespace

import numpy as np
import pytest
from scipy import stats

from w2v import KeyedVectors
from w2v.cli import app
from w2v.vectors import evaluation

# Axes: royal, male, female, fruit. A queen is exactly a king less a man plus a woman.
ROYALS = {
    "man": [0, 3, 0, 0],
    "woman": [0, 0, 2, 0],
    "king": [1, 1, 0, 0],
    "queen": [1, 0, 1, 0],
    "apple": [0, 0, 0, 5],
}
QUESTIONS = """: family
Man Woman King Queen
woman man queen king

man woman king emperor
: other relations
man woman king apple
"""


def vectors_of(rows):
    return KeyedVectors(list(rows), np.array(list(rows.values()), np.float32))


@pytest.fixture
def royals():
    return vectors_of(ROYALS)


@pytest.fixture
def written(tmp_path):
    def write(content, name="test.txt"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


def counted(section):
    return section.name, section.correct, section.evaluated, section.skipped


# ---- Analogies -----------------------------------------------------------------------------------


def test_report_counts_right_wrong_and_skipped(royals, written):
    path = written(QUESTIONS)
    report = royals.evaluate_analogies(path)
    assert (report.file, report.method) == (str(path), "3cosadd")
    assert [counted(section) for section in report.sections] == [
        ("family", 2, 2, 1),
        ("other relations", 0, 1, 0),
    ]
    assert counted(report.total) == ("total", 2, 3, 1)
    assert report.total.accuracy == 2 / 3
    assert report.total.coverage == 3 / 4
    told = json.loads(json.dumps(report.to_dict(), allow_nan=False))
    assert told["sections"][0] == {
        "name": "family", "correct": 2, "evaluated": 2, "skipped": 1,
        "accuracy": 1.0, "coverage": 2 / 3,
    }  # fmt: skip
    assert told["total"]["correct"] == 2


def test_nothing_known_gives_no_figure(royals, written):
    report = royals.evaluate_analogies(written(": x\none two three four\n: y\n"))
    assert [counted(section) for section in report.sections] == [("x", 0, 0, 1), ("y", 0, 0, 0)]
    assert math.isnan(report.total.accuracy)
    assert report.total.coverage == 0
    assert report.to_dict()["total"]["accuracy"] is None
    assert report.to_dict()["sections"][1]["coverage"] is None
    assert royals.evaluate_word_analogies(written(": x\none two three four\n"))[0] == 0.0


def test_gensims_answer(royals, written):
    path = written(QUESTIONS)
    score, sections = royals.evaluate_word_analogies(path)
    right = [("MAN", "WOMAN", "KING", "QUEEN"), ("WOMAN", "MAN", "QUEEN", "KING")]
    wrong = [("MAN", "WOMAN", "KING", "APPLE")]
    assert score == 2 / 3
    assert sections == [
        {"section": "family", "correct": right, "incorrect": []},
        {"section": "other relations", "correct": [], "incorrect": wrong},
        {"section": "Total accuracy", "correct": right, "incorrect": wrong},
    ]
    unknown = ("MAN", "WOMAN", "KING", "EMPEROR")
    score, sections = royals.evaluate_word_analogies(path, dummy4unknown=True)
    assert score == 2 / 4
    assert sections[0]["incorrect"] == [unknown]
    assert sections[-1]["incorrect"] == [unknown, *wrong]


def test_rare_words_are_neither_asked_nor_searched(royals, written):
    path = written("man woman king queen\nwoman man man woman\n")
    assert counted(royals.evaluate_analogies(path, restrict_vocab=3).total) == ("total", 0, 1, 1)
    assert counted(royals.evaluate_analogies(path, restrict_vocab=4).total) == ("total", 1, 2, 0)
    assert royals.evaluate_analogies(path, restrict_vocab=None).total.evaluated == 2


def test_case(written):
    # The rarer spelling QUEEN is nearer to the answer than the frequent one; KING is nearer than
    # both, but was given.
    words = dict(ROYALS, KING=[0.7, -0.3, 1, 0], QUEEN=[0.7071, -0.2929, 1, 0])
    path = written("Man Woman King Queen\n")
    wv = vectors_of(words)
    assert counted(wv.evaluate_analogies(path).total) == ("total", 1, 1, 0)
    strict = wv.evaluate_analogies(path, case_insensitive=False)
    assert counted(strict.total) == ("total", 0, 0, 1)
    lower = written("man woman king queen\nman woman king QUEEN\n")
    score, sections = wv.evaluate_word_analogies(lower, case_insensitive=False)
    assert (score, sections[-1]["correct"]) == (0.5, [("man", "woman", "king", "QUEEN")])


def test_the_first_spelling_is_asked(written):
    # With the second spelling of "woman" the answer would be the apple.
    words = dict(ROYALS, WOMAN=[0, 0, 0, 9])
    assert vectors_of(words).evaluate_analogies(written(QUESTIONS)).total.correct == 2


def test_words_given_are_no_answers(royals, written):
    report = royals.evaluate_analogies(written("man king man king\nking queen king queen\n"))
    assert counted(report.total) == ("total", 0, 2, 0)


def test_no_word_left_to_answer(written):
    wv = vectors_of({"a": [1, 0], "b": [0, 1], "c": [1, 1], "C": [2, 1]})
    assert counted(wv.evaluate_analogies(written("a b c a\n")).total) == ("total", 0, 1, 0)


def test_equal_scores_go_to_the_first_row(written):
    rows = {"a": [1, 0, 0], "b": [0, 1, 0], "c": [0, 0, 1], "twin": [0, 3, 0], "later": [0, 6, 0]}
    path = written("a b c twin\na b c later\n")
    assert vectors_of(rows).evaluate_analogies(path).total.correct == 1
    assert vectors_of(rows).evaluate_word_analogies(path)[1][-1]["correct"][0][3] == "TWIN"


def test_equal_scores_in_different_tiles_go_to_the_first_row(written, monkeypatch):
    monkeypatch.setattr(evaluation, "_TILE", 64)
    rows = {"a": [1, 0, 0, 0], "b": [0, 1, 0, 0], "c": [0, 0, 1, 0], "twin": [0, 3, 0, 0]}
    rows |= {f"w{i}": [0, 0, 0, 1] for i in range(64)} | {"later": [0, 3, 0, 0]}
    assert vectors_of(rows).evaluate_analogies(written("a b c twin\n")).total.correct == 1


def slow_answer(wv, rows, method, allowed):
    """Return the best row for one question, one candidate at a time in float64."""
    unit = [v / (np.linalg.norm(v) or 1) for v in wv.vectors.astype(np.float64)]
    a, b, c = rows
    best, found = -math.inf, -1
    for row in allowed:
        to_a, to_b, to_c = (float(unit[row] @ unit[one]) for one in (a, b, c))
        score = to_b - to_a + to_c
        if method == "3cosmul":
            score = (1 + to_b) / 2 * (1 + to_c) / 2 / ((1 + to_a) / 2 + 1e-6)
        if score > best:
            best, found = score, row
    return found


@pytest.mark.parametrize("method", evaluation.METHODS)
@pytest.mark.parametrize(("batch", "tile"), [(256, 1024), (7, 64), (1, 70)])
def test_against_one_question_at_a_time(written, monkeypatch, method, batch, tile):
    monkeypatch.setattr(evaluation, "_BATCH", batch)
    monkeypatch.setattr(evaluation, "_TILE", tile)
    rng = np.random.default_rng(3)
    names = [f"w{i // 2}" if i % 2 else f"W{i // 2}" for i in range(200)]
    rows = rng.standard_normal((200, 5)).astype(np.float32)
    rows[17] = 0
    wv = KeyedVectors(names, rows)
    questions, lines, right = rng.integers(0, 75, (60, 3)), [], []
    for number, question in enumerate(questions * 2):
        allowed = [r for r in range(150) if r // 2 not in question // 2]
        answer = slow_answer(wv, question, method, allowed) // 2
        right.append(number % 3 != 0)
        words = [f"w{row // 2}" for row in question]
        lines.append(" ".join([*words, f"w{answer if right[-1] else (answer + 1) % 75}"]))
    path = written("\n".join(lines))
    report = wv.evaluate_analogies(path, method=method, restrict_vocab=150)
    assert counted(report.total) == ("total", sum(right), 60, 0)
    name = {"3cosadd": "most_similar", "3cosmul": "most_similar_cosmul"}[method]
    _, sections = wv.evaluate_word_analogies(path, 150, similarity_function=name)
    answered = [tuple(line.upper().split()) for line, one in zip(lines, right, strict=True) if one]
    assert sections[-1]["correct"] == answered


def test_the_two_methods_differ(written):
    # s(b) + s(c) is larger for "sum", the product for "even" (a is orthogonal to both).
    rows = {"a": [0, 0, 1], "b": [1, 0, 0], "c": [0, 1, 0], "sum": [1, -0.05, 0], "even": [1, 1, 0]}
    rows["sum"] = [math.cos(-0.9), math.sin(-0.9), -3]
    path = written("a b c even\na b c sum\n")
    answers = [
        vectors_of(rows).evaluate_word_analogies(path, similarity_function=name)[1][-1]["correct"]
        for name in ("most_similar", "most_similar_cosmul")
    ]
    assert [found[0][3] for found in answers] == ["EVEN", "SUM"]


# ---- The other forms -----------------------------------------------------------------------------


def test_msr(royals, written):
    written("NN_F queen\nNN_F king\nVB_VBD apple\n", "test.answers")
    path = written("man woman king\nwoman man queen\nman woman king\n", "test.questions")
    report = royals.evaluate_analogies(path)
    assert [counted(s) for s in report.sections] == [("NN_F", 2, 2, 0), ("VB_VBD", 0, 1, 0)]


def test_msr_answers_without_labels(royals, written):
    written("queen\n", "test.answers")
    report = royals.evaluate_analogies(written("man woman king\n", "test.questions"))
    assert [counted(s) for s in report.sections] == [("test", 1, 1, 0)]


def test_bats(royals, written):
    written("man\tlady/woman\nking\tempress/queen\nprince\tprincess\n", "bats/L01 [female].txt")
    written("king\tman\nqueen\twoman\n", "bats/L02 [common].txt")
    path = written("no relation", "bats/notes.md").parent
    report = royals.evaluate_analogies(path)
    # man : woman = king : queen and back; six questions in all, four of them with a prince.
    assert [counted(s) for s in report.sections] == [
        ("L01 [female]", 2, 2, 4),
        ("L02 [common]", 2, 2, 0),
    ]
    one = royals.evaluate_analogies(path / "L02 [common].txt")
    assert [counted(s) for s in one.sections] == [("L02 [common]", 2, 2, 0)]
    _, sections = royals.evaluate_word_analogies(path / "L01 [female].txt")
    assert ("MAN", "WOMAN", "KING", "QUEEN") in sections[0]["correct"]


def test_any_of_several_answers_is_right(royals, written):
    for answers in ("apple/queen", "queen/apple"):
        path = written(f"man\twoman\nking\t{answers}\n")
        assert royals.evaluate_analogies(path).total.correct == 2


# ---- Bad questions -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (": a\nman woman king\n", "line 2 is 'man woman king': expected four words"),
        ("a b c d e", "line 1 is 'a b c d e': expected four words"),
        ("a b c\n", "line 1 is 'a b c': expected four words"),
        ("a b\nc d e\n", "line 2 is 'c d e': expected a word, a tab and its answers"),
        ("a b\nc /\n", "line 2 is 'c /': expected a word, a tab"),
        ("", "no analogy questions found; expected lines of four words"),
        (": only\n: sections\n", "no analogy questions found"),
        (b"man woman k\xffng queen", "line 1 is not utf8: byte 0xff at position 11"),
        (b"\x1f\x8b\x08\0\0\0", "line 1 is binary; .*gzip data; decompress it first"),
    ],
)
def test_questions_that_are_none(royals, written, text, expected):
    path = written(text)
    for ask in (royals.evaluate_analogies, royals.evaluate_word_analogies):
        with pytest.raises(ValueError, match=expected) as error:
            ask(path)
        assert str(path) in str(error.value)


@pytest.mark.parametrize(
    ("questions", "answers", "expected"),
    [
        ("a b c\nd e f\n", "X g\n", "has 2 questions, but .*test.answers has 1 answers"),
        ("a b c\nd e\n", "X g\nX h\n", "test.questions: line 2 is 'd e': expected three words"),
        ("a b c\n", "X g h\n", "test.answers: line 1 is 'X g h': expected a label and a word"),
    ],
)
def test_msr_files_that_are_none(royals, written, questions, answers, expected):
    written(answers, "test.answers")
    with pytest.raises(ValueError, match=expected):
        royals.evaluate_analogies(written(questions, "test.questions"))


def test_an_empty_directory(royals, tmp_path):
    with pytest.raises(ValueError, match=r"no analogy questions found; expected \*.txt files"):
        royals.evaluate_analogies(tmp_path)


def test_a_missing_file(royals, tmp_path):
    with pytest.raises(FileNotFoundError):
        royals.evaluate_analogies(tmp_path / "none")


def test_bad_arguments(royals, written):
    path = written(QUESTIONS)
    with pytest.raises(ValueError, match="method='cosmul': expected one of '3cosadd', '3cosmul'"):
        royals.evaluate_analogies(path, method="cosmul")
    with pytest.raises(ValueError, match="similarity_function='x': expected one of 'most_similar'"):
        royals.evaluate_word_analogies(path, similarity_function="x")
    with pytest.raises(ValueError, match="restrict_vocab=0: expected an integer of at least 1"):
        royals.evaluate_analogies(path, restrict_vocab=0)
    with pytest.raises(TypeError, match=r"restrict_vocab=1\.5"):
        royals.evaluate_pairs(path, restrict_vocab=1.5)


def test_vectors_that_are_not_finite(written):
    wv = vectors_of(dict(ROYALS, king=[1, np.nan, 0, 0]))
    with pytest.raises(ValueError, match=r"the vector of 'king' \(row 2\) contains NaN"):
        wv.evaluate_analogies(written(QUESTIONS))
    assert (
        wv.evaluate_analogies(written("man woman man woman\n"), restrict_vocab=2).total.evaluated
        == 1
    )


# ---- Word pairs ----------------------------------------------------------------------------------


@pytest.fixture
def fan():
    """Words at 0, 10, 30, 60 and 100 degrees, of different lengths."""
    angles = np.radians([0, 10, 30, 60, 100])
    rows = np.stack([np.cos(angles), np.sin(angles)], axis=1) * [[1], [9], [2], [5], [3]]
    return KeyedVectors(["a", "b", "c", "d", "E"], rows.astype(np.float32))


def degrees(*angles):
    return np.cos(np.radians(angles))


@pytest.mark.parametrize(
    "text",
    [
        "# head\n# more\na\tb\t9\na\tc\t8\nA\td\t6\na\te\t7\na\tx\t1\n",
        "word 1,word 2,mean\na,b,9\na,c,8\nA,d,6\na,E,7\nx,a,1\n",
        "w1 w2 POS mean sd\na b N 9 1\na c N 8.0 2\nA d V .6e1 3\na E V 7. 4\na x V 1 5\n",
        "\ufeffa\tb\t9\r\n\r\na\tc\t8\r\nA\td\t6\r\na\te\t7\r\na\tx\t1\r\n",
    ],
)
def test_correlations(fan, written, text):
    path = written(text)
    report = fan.evaluate_pairs(path)
    judged, cosines = [9, 8, 6, 7], degrees(10, 30, 60, 100)
    # Ranks 4 3 1 2 against 4 3 2 1: 1 - 6 * 2 / (4 * 15).
    assert report.spearman == pytest.approx(0.8)
    assert report.spearman_p == pytest.approx(0.2)
    line = stats.pearsonr(judged, cosines)
    assert (report.pearson, report.pearson_p) == pytest.approx((line[0], line[1]), rel=1e-5)
    assert (report.file, report.evaluated, report.skipped) == (str(path), 4, 1)
    assert report.coverage == 0.8
    assert json.loads(json.dumps(report.to_dict()))["coverage"] == 0.8


def test_pairs_as_gensim_answers(fan, written):
    path = written("a\tb\t9\na\tc\t8\nA\td\t6\na\te\t7\na\tx\t1\n")
    judged, cosines = [9, 8, 6, 7], degrees(10, 30, 60, 100)
    pearson, spearman, unknown = fan.evaluate_word_pairs(path)
    assert tuple(spearman) == pytest.approx((0.8, 0.2))
    assert tuple(pearson) == pytest.approx(tuple(stats.pearsonr(judged, cosines)), rel=1e-5)
    assert unknown == 20.0
    pearson, spearman, unknown = fan.evaluate_word_pairs(path, dummy4unknown=True)
    judged, cosines = [*judged, 1], [*cosines, 0]
    assert tuple(pearson) == pytest.approx(tuple(stats.pearsonr(judged, cosines)), rel=1e-5)
    assert tuple(spearman) == pytest.approx(tuple(stats.spearmanr(judged, cosines)))
    assert unknown == 20.0
    assert fan.evaluate_word_pairs(path, restrict_vocab=4)[2] == 40.0
    assert fan.evaluate_word_pairs(path, case_insensitive=False)[2] == 60.0


def test_delimiters(fan, written):
    path = written("a;b;9\na;c;8\na;d;7\n")
    assert fan.evaluate_pairs(path, delimiter=";").spearman == pytest.approx(1)
    path = written("a,b,9\na,c,8\na,d,7\n")
    assert fan.evaluate_word_pairs(path, ",")[1][0] == pytest.approx(1)
    with pytest.raises(ValueError, match=r"line 1 is 'a,b,9': expected .* separated by '\\t'"):
        fan.evaluate_word_pairs(path)
    with pytest.raises(ValueError, match="delimiter='': expected"):
        fan.evaluate_pairs(path, delimiter="")


def test_other_encodings(written):
    wv = vectors_of({"é": [1, 0], "b": [1, 0.1], "c": [1, 1], "d": [0, 1]})
    path = written("é\tb\t9\né\tc\t8\né\td\t7\n".encode("latin-1"))
    assert wv.evaluate_pairs(path, encoding="latin-1").spearman == pytest.approx(1)
    with pytest.raises(ValueError, match="line 1 is not utf8: byte 0xe9"):
        wv.evaluate_pairs(path)


def test_too_few_or_equal_pairs_give_no_figure(fan, written):
    for text in ("a b 9\na c 8\n", "a b 5\na c 5\na d 5\n", "a b 5\na x 1\n"):
        report = fan.evaluate_pairs(written(text))
        assert math.isnan(report.spearman)
        assert math.isnan(report.pearson)
        assert report.to_dict()["spearman"] is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a b 1\na c\n", "line 2 is 'a c': expected two words and a number"),
        ("a b 1\na c much\n", "line 2 is 'a c much'"),
        ("one two three\nfour five six\n", "line 2 is 'four five six'"),
        ("a b\n", "line 1 is 'a b'"),
        ("\t\t5\n", "line 1"),
        ("# nothing\n", "no word pairs found"),
        ("word1 word2 mean\n", "no word pairs found"),
        (b"\x80\x04\x95\0\0\0", "line 1 is binary; .*pickle"),
    ],
)
def test_pairs_that_are_none(fan, written, text, expected):
    path = written(text)
    with pytest.raises(ValueError, match=expected) as error:
        fan.evaluate_pairs(path)
    assert str(path) in str(error.value)


def test_pairs_of_unknown_words(fan, written):
    path = written("x\ty\t5\na\tb\t6\n")
    with pytest.raises(ValueError, match="only 1 of 2 pairs have both words among the 5"):
        fan.evaluate_word_pairs(path)
    assert fan.evaluate_pairs(path).coverage == 0.5


# ---- gensim itself -------------------------------------------------------------------------------


def test_same_as_gensim(written):
    models = pytest.importorskip("gensim.models")
    rng = np.random.default_rng(8)
    base = [f"w{i}" for i in range(120)]
    names = [*base, *(name.upper() for name in base[:30])]
    rows = rng.standard_normal((150, 6)).astype(np.float32)
    ours = KeyedVectors(names, rows)
    theirs = models.KeyedVectors(6)
    theirs.add_vectors(names, rows)
    lines = [": one"]
    for number in range(300):
        a, b, c = rng.choice(base, 3, replace=False)
        best = theirs.most_similar([b, c], [a], topn=1)[0][0]
        lines.append(f"{a} {b} {c} {best if number % 2 else rng.choice([*base, 'x'])}")
        lines += [f": {number}"] if number % 100 == 50 else []
    path = written("\n".join(lines))
    for how in ({}, {"restrict_vocab": 100}, {"case_insensitive": False}, {"dummy4unknown": True}):
        assert ours.evaluate_word_analogies(path, **how) == theirs.evaluate_word_analogies(
            str(path), **how
        )
    pairs = written(
        "".join(f"{a}\t{b}\t{i}\n" for i, (a, b) in enumerate(zip(base, names[9:129], strict=True)))
    )
    for how in ({}, {"restrict_vocab": 50}, {"restrict_vocab": 50, "dummy4unknown": True}):
        found, expected = (
            ours.evaluate_word_pairs(pairs, **how),
            theirs.evaluate_word_pairs(str(pairs), **how),
        )
        assert [*found[0], *found[1], found[2]] == pytest.approx(
            [*expected[0], *expected[1], expected[2]], rel=1e-4
        )


# ---- The command line ----------------------------------------------------------------------------


@pytest.fixture
def w2v(capsys):
    def run(*args):
        status = app.main([str(arg) for arg in args])
        return SimpleNamespace(status=status, **capsys.readouterr()._asdict())

    return run


def test_command(w2v, royals, fan, written, tmp_path):
    royals.save(tmp_path / "royals.safetensors")
    questions, pairs = written(QUESTIONS), written("man woman 5\nking queen 6\nman x 7\n", "p.txt")
    model = tmp_path / "royals.safetensors"
    done = w2v("evaluate", model, "--questions", questions, "--pairs", pairs)
    assert (done.status, done.err) == (0, "")
    lines = [line.split() for line in done.out.splitlines()]
    assert lines[0] == ["questions", "section", "accuracy", "correct", "evaluated", "coverage"]
    assert lines[1] == ["test.txt", "family", "100.0%", "2", "2", "66.7%"]
    assert lines[3] == ["test.txt", "total", "66.7%", "2", "3", "75.0%"]
    assert lines[-1] == ["p.txt", "nan", "nan", "nan", "nan", "2", "66.7%"]
    done = w2v(
        "evaluate", model, "--questions", questions, "--questions", questions, "--pairs", pairs,
        "--json", "--method", "3cosmul", "--restrict-vocab", 4, "--case-sensitive",
    )  # fmt: skip
    told = json.loads(done.out)
    assert told["model"] == str(model)
    assert [report["method"] for report in told["questions"]] == ["3cosmul"] * 2
    assert told["questions"][0]["total"]["evaluated"] == 1
    assert told["pairs"][0]["spearman"] is None


def test_command_says_what_is_missing(w2v, royals, written, tmp_path):
    model = tmp_path / "royals.safetensors"
    royals.save(model)
    done = w2v("evaluate", model)
    assert done.status == 2
    assert "give --questions, --pairs or both" in done.err
    done = w2v("evaluate", model, "--questions", written("a b c"))
    assert done.status == 1
    assert "line 1 is 'a b c': expected four words" in done.err
