"""Figures as SVG: on no ground of their own, in colours that are read on white and on black."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.latency.histogram import Histogram

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

INK = "#848d97"
COLOURS = ("#2f81f7", "#db6d28", "#3fb950", "#a371f7", "#e85aad", "#c9a227")
NINES = (50, 90, 99, 99.9, 99.99)
Json = dict[str, Any]


def curves(histograms: Mapping[str, Histogram], path: Path, title: str) -> None:
    """Write percentile curves: per cent on a scale of nines, milliseconds on a logarithmic one."""
    figure, axes = _empty(title)
    most = 90.0
    for colour, (name, counts) in zip(_colours(len(histograms)), histograms.items(), strict=True):
        points = counts.curve()
        most = max(most, points[-1][0])
        axes.plot([100 / (100 - share) for share, _ in points], [ms for _, ms in points], color=colour, label=name)
    axes.set(xscale="log", xlabel="percentile")
    shown = [share for share in NINES if share <= most]
    axes.set_xticks([100 / (100 - share) for share in shown], [f"{share:g} %" for share in shown])
    _milliseconds(axes)
    _legend(axes)
    _write(figure, path)


def knee(result: Json, path: Path, title: str) -> None:
    """Write P50, P90 and P99 over the offered rate, with the limit and the highest rate that is kept up."""
    figure, axes = _empty(title)
    steps = result["steps"]
    rates = [step["qps"] for step in steps]
    for colour, name in zip(COLOURS, ("p50_ms", "p90_ms", "p99_ms"), strict=False):
        axes.plot(rates, [step[name] for step in steps], color=colour, marker="o", label=name.removesuffix("_ms"))
    axes.axhline(result["limit_ms"], color=INK, linestyle="--", label=f"limit {result['limit_ms']:g} ms")
    axes.axvline(result["max_sustained_qps"], color=INK, linestyle=":", label=f"{result['max_sustained_qps']:g}/s")
    axes.set(xlabel="requests per second offered")
    _milliseconds(axes)
    _legend(axes)
    _write(figure, path)


def grid(result: Json, path: Path, title: str) -> None:
    """Write P90 by share of the filter and breadth of the words, one map for each rate of writes."""
    from matplotlib.figure import Figure

    settings = result["grid"]
    figure = Figure(figsize=(9, 1.2 + 2.2 * len(settings["writes"])), layout="constrained")
    figure.suptitle(title, color=INK, fontsize=11)
    # One scale of colours for all maps: equal colours are equal times.
    every = [row["p90_ms"] for row in result["cells"]]
    scale = min(every), max(every)
    for place, rate in enumerate(settings["writes"]):
        axes = figure.add_subplot(len(settings["writes"]), 1, place + 1)
        cells = {(row["breadth"], row["share"]): row["p90_ms"] for row in result["cells"] if row["writes"] == rate}
        values = [[cells[breadth, share] for share in settings["shares"]] for breadth in settings["breadths"]]
        axes.imshow(values, cmap="cividis", aspect="auto", vmin=scale[0], vmax=scale[1])
        _numbers(axes, values, sum(scale) / 2)
        axes.set_xticks(range(len(settings["shares"])), [f"{share} %" for share in settings["shares"]])
        axes.set_yticks(range(len(settings["breadths"])), settings["breadths"])
        axes.set_title(f"P90, ms; {rate:g} writes/s", color=INK, fontsize=9)
        _inked(axes)
    _write(figure, path)


def _numbers(axes: Axes, values: Sequence[Sequence[float]], middle: float) -> None:
    for row, line in enumerate(values):
        for column, value in enumerate(line):
            ink = "white" if value < middle else "black"
            axes.text(column, row, f"{value:.0f}", ha="center", va="center", color=ink, fontsize=9)


def _empty(title: str) -> tuple[Figure, Axes]:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 4.5), layout="constrained")
    axes = figure.add_subplot()
    axes.set_title(title, color=INK, fontsize=11)
    axes.grid(visible=True, color=INK, alpha=0.25)
    _inked(axes)
    return figure, axes


def _inked(axes: Axes) -> None:
    axes.set_facecolor("none")
    axes.tick_params(colors=INK, which="both", labelsize=9)
    axes.xaxis.label.set_color(INK)
    axes.yaxis.label.set_color(INK)
    for spine in axes.spines.values():
        spine.set_color(INK)


def _milliseconds(axes: Axes) -> None:
    """Give the upright axis a logarithmic scale with numbers that are read at a glance."""
    from matplotlib.ticker import LogLocator, NullLocator

    axes.set(yscale="log", ylabel="milliseconds")
    axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axes.yaxis.set_major_formatter("{x:g}")
    axes.xaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_minor_locator(NullLocator())


def _legend(axes: Axes) -> None:
    axes.legend(labelcolor=INK, facecolor="none", edgecolor="none", fontsize=9)


def _colours(count: int) -> list[str]:
    return [COLOURS[place % len(COLOURS)] for place in range(count)]


def _write(figure: Figure, path: Path) -> None:
    import matplotlib as mpl

    # Letters stay letters, and equal figures are equal bytes.
    with mpl.rc_context({"svg.fonttype": "none", "svg.hashsalt": "creatorscope", "font.family": "sans-serif"}):
        figure.savefig(path, format="svg", transparent=True, metadata={"Date": None})
