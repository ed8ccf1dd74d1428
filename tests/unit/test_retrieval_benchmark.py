"""What the retrieval benchmark claims of its questions: shares are shares, a topic's filter lies in the topic."""

import json

import numpy as np
import pytest

from benchmarks.retrieval.corpus import FAR, NEAR, Corpus, _spread, base_texts, documents
from benchmarks.retrieval.measure import Sample, percentiles, recall
from benchmarks.retrieval.questions import SHARES, Asked, cell, nearest
from mappings.niches import NICHES
from mappings.registry import definition
from search.counts import CountTable, Spread, estimate

SIZE = 6_000


@pytest.fixture(scope="module")
def corpus():
    random = np.random.default_rng(3)
    texts, niches = base_texts(len(NICHES))
    centres = random.standard_normal((len(NICHES), 384)).astype(np.float32)
    centres /= np.linalg.norm(centres, axis=1, keepdims=True)
    base = random.integers(0, len(NICHES), SIZE)
    return Corpus(tuple(texts), base, niches[base], random.random(SIZE), _spread(centres[base], random))


@pytest.fixture(scope="module")
def asked(corpus):
    return Asked("music", tuple(float(one) for one in corpus.means[0] / np.linalg.norm(corpus.means[0])))


def test_vectors_have_length_one_and_stay_near_their_text(corpus):
    assert np.linalg.norm(corpus.vectors, axis=1) == pytest.approx(1, abs=1e-5)
    centre = corpus.vectors[corpus.niche == 0] @ corpus.means[0] / np.linalg.norm(corpus.means[0])
    assert centre.min() > FAR - 0.05
    assert centre.max() < NEAR + 0.02


def test_documents_fit_the_strict_mapping_and_are_the_same_on_every_run(corpus):
    first, again = (json.dumps(next(documents(corpus))) for _ in range(2))
    assert first == again
    assert json.loads(first).keys() <= definition("creators", encoder="any")["mappings"]["properties"].keys()


@pytest.mark.parametrize("share", SHARES)
@pytest.mark.parametrize("correlation", ["aligned", "random", "opposed"])
def test_a_cell_passes_its_share(corpus, asked, share, correlation):
    made = cell(corpus, asked, share, correlation)
    assert made.passing.mean() == pytest.approx(share, abs=0.01)


def test_aligned_filters_lie_in_the_topic_and_opposed_ones_off_it(corpus, asked):
    cosines = corpus.vectors @ np.array(asked.vector)
    aligned, random, opposed = (
        cosines[cell(corpus, asked, 0.1, correlation).passing].mean()
        for correlation in ("aligned", "random", "opposed")
    )
    assert aligned > random + 0.05 > opposed + 0.05


def test_the_filter_of_a_cell_passes_whom_the_cell_says(corpus, asked):
    made = cell(corpus, asked, 0.05, "aligned")
    niches = {NICHES[place].id for place in corpus.niche[made.passing]}
    assert niches <= set(made.filters.niches)
    assert corpus.lot[made.passing].max() <= made.filters.growth_180d.max
    counts = {NICHES[place].id: int(count) for place, count in enumerate(np.bincount(corpus.niche))}
    lots = tuple(float(np.quantile(corpus.lot, place / 20)) for place in range(21))
    table = CountTable(SIZE, {"niches": counts}, {"growth_180d": Spread(SIZE, lots)})
    assert estimate(made.filters, table, now_ms=0) == pytest.approx(0.05, rel=0.15)


def test_the_nearest_are_the_nearest(corpus, asked):
    passing = corpus.lot <= 0.5
    order = np.argsort(-(corpus.vectors @ np.array(asked.vector, dtype=np.float32)))
    first = [f"c{row}" for row in order if passing[row]][:50]
    assert nearest(corpus, asked, passing, 50) == set(first)
    assert nearest(corpus, asked, corpus.lot <= corpus.lot.min(), 50) == {f"c{corpus.lot.argmin()}"}


def test_figures_of_a_run():
    samples = {0: Sample([1, 3, 2], [5, 5, 5], ["a", "b"]), 1: Sample([4, 4, 4], [7, 7, 7], ["c", "x"])}
    assert percentiles(samples) == {"took_p50_ms": 3.0, "took_p90_ms": 3.8, "cpu_p50_ms": 6.0, "cpu_p90_ms": 6.8}
    assert recall(samples, {0: {"a", "b"}, 1: {"c", "d"}}.__getitem__) == {"recall": 0.75, "recall_min": 0.5}
