"""The benchmark of the learnt signals reads what is damaged, scores as it says, and learns from training rows only."""

import csv
import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.signals import bots, niche
from benchmarks.signals.__main__ import main
from benchmarks.signals.ridge import Choice, fit, softmax, temperature
from benchmarks.signals.scores import area, reliability, score_classes
from benchmarks.signals.tables import folds, number, read_table

WORDS = {
    "Music": "song album guitar concert band",
    "Gaming": "game stream minecraft console level",
    "Sports": "match goal league coach football",
}


@pytest.fixture
def encode():
    def encoded(texts):
        # Hashed letters in place of the encoder: what is tested is the benchmark, not the language model.
        vectors = np.zeros((len(texts), 64), dtype=np.float32)
        for row, text in enumerate(texts):
            for word in text.casefold().split():
                vectors[row, sum(map(ord, word)) % 64] += 1
        return vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)

    return encoded


def channels(count, seed):
    random = np.random.default_rng(seed)
    names = list(WORDS)
    rows = []
    for number_of in range(count):
        label = names[number_of % len(names)]
        text = " ".join(random.choice(WORDS[label].split(), 4))
        rows.append({"category": label, "channel_title": f"Channel {number_of}", "channel_description": text})
    return rows


def test_the_head_learns_and_beats_the_majority_without_any_metadata(encode):
    result = niche.compare([(channels(60, 1), channels(30, 2))], encode)
    assert result["accuracy"] > result["baselines"]["majority"]["accuracy"] + 0.3
    assert result["n_test"] == 30
    assert {"accuracy", "macro_f1", "average_precision", "brier"} <= result.keys()
    assert json.loads(json.dumps(result)) == result


def test_a_category_that_was_never_seen_is_answered_wrongly_and_costs(encode):
    test = [*channels(9, 2), {"category": "Yodelling", "channel_description": "alpine"}]
    result = niche.compare([(channels(60, 1), test)], encode)
    assert result["n_test"] == 10
    assert result["accuracy"] <= 0.9


def test_damaged_bytes_short_rows_and_empty_words_are_read(tmp_path):
    path = tmp_path / "table.csv"
    path.write_bytes(b'\xef\xbb\xbfBot,Name,description\n1,"caf\xe9 \x00",null\n0\n,x,""""""\n')
    assert read_table(path) == [
        {"bot": "1", "name": "caf\ufffd", "description": ""},
        {"bot": "0", "name": "", "description": ""},
        {"bot": "", "name": "x", "description": ""},
    ]
    assert len(bots.labelled(path)) == 2


@pytest.mark.parametrize(("text", "value"), [("1,200", 1200), ("", None), ("nan", None), ("inf", None), ("x", None)])
def test_numbers(text, value):
    assert number(text) == value


def test_equal_texts_stay_together_unless_they_are_a_class_of_their_own():
    rows = [{"text": f"text {index // 2}"} for index in range(40)] + [{"text": "boilerplate"}] * 20
    parts = folds(rows, 1, lambda row: row["text"])
    assert sorted(index for part in parts for index in part) == list(range(60))
    where = {index: place for place, part in enumerate(parts) for index in part}
    assert all(where[index] == where[index + 1] for index in range(0, 40, 2))
    assert len({where[index] for index in range(40, 60)}) == 5


def test_left_out_scores_are_those_of_fits_without_the_row():
    random = np.random.default_rng(3)
    points, labels = random.normal(size=(24, 4)), np.arange(24) % 3
    kernels, choice = {"a": points @ points.T}, Choice({"a": 1.0}, penalty=0.7, balance=0.0)
    left_out = fit(kernels, labels, 3, choice).left_out
    rest = np.arange(1, 24)
    without = fit({"a": kernels["a"][np.ix_(rest, rest)]}, labels[rest], 3, choice)
    assert (kernels["a"][0, rest] + 0.05) @ without.alpha == pytest.approx(left_out[0])


def test_the_temperature_is_where_the_labels_surprise_least():
    random = np.random.default_rng(4)
    logits = random.normal(size=(3_000, 4)) * 3
    labels = np.array([random.choice(4, p=row) for row in softmax(logits)])
    assert temperature(logits / 6, labels) == pytest.approx(6, rel=0.1)


@given(st.lists(st.tuples(st.booleans(), st.sampled_from([0.0, 0.25, 0.5, 1.0])), min_size=2, max_size=30))
def test_the_area_is_the_chance_that_a_true_row_scores_higher(pairs):
    truth, scores = np.array([one for one, _ in pairs]), np.array([score for _, score in pairs])
    if truth.all() or not truth.any():
        return
    wins = [(a > b) + (a == b) / 2 for a in scores[truth] for b in scores[~truth]]
    assert area(truth, scores) == pytest.approx(np.mean(wins))


def test_perfect_answers_score_perfectly_and_reliability_adds_up():
    perfect = score_classes(["a", "b"], ["a", "b"], np.eye(2))
    assert perfect == {"accuracy": 1.0, "macro_f1": 1.0, "average_precision": 1.0, "brier": 0.0}
    assert score_classes(["c"], ["a", "b"], np.array([[1.0, 0.0]]))["brier"] == 2.0
    table = reliability(np.array([0.05, 0.95, 1.0]), np.array([False, True, True]))
    assert [(band["rows"], band["true"]) for band in table["bands"]] == [(1, 0.0), (2, 1.0)]


def profiles(count, seed):
    random = np.random.default_rng(seed)
    rows = []
    for index in range(count):
        bot = index % 2
        rows.append(
            {
                "bot": str(bot),
                "screen_name": f"user{index}" + ("_bot" if bot and index % 4 == 1 else ""),
                "followers_count": str(int(random.exponential(20 if bot else 2_000))),
                "friends_count": str(int(random.exponential(300))),
                "created_at": "Mon Aug 25 23:17:59 +0000 2014",
            }
        )
    return rows


@pytest.mark.parametrize(
    ("created", "years"),
    [("Thu Jan 01 20:15:49 +0000 2009", 8.33), ("7/13/2009 0:38", 7.9), ("13/07/2009 0:38", 7.9), ("", None)],
)
def test_forms_of_dates_give_the_same_age(created, years):
    found = bots.days_until(created, bots.COLLECTED)
    assert found is None if years is None else found / 365.25 == pytest.approx(years, abs=0.02)


def test_the_command_tells_bots_without_most_columns_and_prints_one_object(tmp_path, capsys, monkeypatch):
    paths = {name: tmp_path / f"{name}.csv" for name in ("train", "test")}
    for seed, path in enumerate(paths.values()):
        with path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, profiles(1, 1)[0].keys())
            writer.writeheader()
            writer.writerows(profiles(120, seed))
    arguments = ["signals", "bots", "--train", str(paths["train"]), "--test", str(paths["test"]), "--json"]
    monkeypatch.setattr("sys.argv", arguments)
    main()
    printed = json.loads(capsys.readouterr().out)
    assert printed["n_train"] == printed["n_test"] == 120
    assert {"baselines", "reliability", "seconds", "seed", "machine"} <= printed.keys()
    assert printed["roc_auc"] > 0.8
    assert printed["shipped_additive_model"]["roc_auc"] > 0.8
    assert printed["baselines"]["majority"]["brier"] > printed["brier"]
