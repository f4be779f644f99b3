"""The charts of the report, as options of ECharts, and the tables that say the same."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from isthmus.graph.database import Row

Chart = dict[str, Any]
MAX_RISING = 10
MAX_SOURCES = 12


def build_charts(report: dict[str, Any]) -> list[Chart]:
    """Builds the charts of a report.

    Returns:
        Charts with `id`, `title`, `height` in pixels, `option` of ECharts, and `columns` and `rows`
        of a table with the same figures. What the graph has no data for is left out.
    """
    charts = [
        _months(report["months"]),
        _transfers(report),
        _interest_lines(report["interests"]),
        _rising(report["interests"]["rising"]),
        *(_person_months(k, person) for k, person in enumerate(report["people"])),
        *(_reasons(k, person) for k, person in enumerate(report["people"])),
        _concentration(report["recommended"]),
        _generations(report["generations"]),
        *(_models(k, evaluation) for k, evaluation in enumerate(report["evaluations"])),
    ]
    return [chart for chart in charts if chart["rows"]]


def _chart(
    name: str,
    title: str,
    columns: Sequence[str],
    rows: Sequence[Sequence[Any]],
    option: dict[str, Any],
    height: int = 300,
) -> Chart:
    return {
        "id": name,
        "title": title,
        "height": height,
        "option": option,
        "columns": list(columns),
        "rows": [list(row) for row in rows],
    }


def _lines(
    months: Sequence[str], series: Mapping[str, Sequence[float]], stack: str = ""
) -> dict[str, Any]:
    lines = [
        {"type": "bar" if stack else "line", "name": name, "data": list(values)}
        | ({"stack": stack} if stack else {"showSymbol": False})
        for name, values in series.items()
    ]
    return {
        "tooltip": {"trigger": "axis"},
        "legend": {"type": "scroll", "top": 0},
        "grid": {"top": 40, "left": 8, "right": 16, "bottom": 8, "containLabel": True},
        "xAxis": {"type": "category", "data": list(months)},
        "yAxis": {"type": "value"},
        "series": lines,
    }


def _pivot(rows: Sequence[Row], value: Callable[[Row], float]) -> tuple[list[str], dict[str, Any]]:
    """Returns the months, and by domain the values of each month."""
    months = _all_months([row["month"] for row in rows if row["month"]])
    by_domain: dict[str, dict[str, float]] = {}
    for row in rows:
        if row["month"]:
            by_domain.setdefault(row["domain"], {})[row["month"]] = value(row)
    return months, {
        domain: [values.get(month, 0) for month in months] for domain, values in by_domain.items()
    }


def _all_months(months: Sequence[str]) -> list[str]:
    """Returns all months from the first to the last, those without interactions too."""
    if not months:
        return []
    numbers = [12 * int(month[:4]) + int(month[5:]) - 1 for month in (min(months), max(months))]
    return [f"{k // 12}-{k % 12 + 1:02}" for k in range(numbers[0], numbers[1] + 1)]


def _months(rows: Sequence[Row]) -> Chart:
    months, series = _pivot(rows, lambda row: row["interactions"])
    table = [[month, *(values[k] for values in series.values())] for k, month in enumerate(months)]
    return _chart(
        "months",
        "Interactions by month and domain",
        ["month", *series],
        table,
        _lines(months, series, stack="all"),
    )


def _transfers(report: dict[str, Any]) -> Chart:
    """The map of domains: how many learned edges lead from each into each."""
    shared = {frozenset((row["domain"], row["other"])): row["users"] for row in report["overlap"]}
    rows = [
        [row["source"], row["target"], row["edges"], round(row["weight"], 3),
         shared.get(frozenset((row["source"], row["target"])), 0)]
        for row in report["transfers"]
    ]  # fmt: skip
    most = max((row[2] for row in rows), default=1)
    largest = max((each["items"] for each in report["domains"]), default=1)
    option = {
        "tooltip": {},
        "series": [
            {
                "type": "graph",
                "layout": "circular",
                "roam": False,
                "edgeSymbol": ["none", "arrow"],
                "edgeSymbolSize": 8,
                "label": {"show": True, "position": "inside"},
                "data": [
                    {
                        "name": each["domain"],
                        "value": each["items"],
                        "symbolSize": 34 + 26 * (each["items"] / max(largest, 1)) ** 0.5,
                    }
                    for each in report["domains"]
                ],
                "links": [
                    {
                        "source": source,
                        "target": target,
                        "value": edges,
                        "lineStyle": {"width": 1 + 5 * edges / most, "curveness": 0.18},
                    }
                    for source, target, edges, _, _ in rows
                ],
            }
        ],
    }
    columns = ["from", "into", "edges", "mean weight", "users in both"]
    return _chart("transfers", "Learned edges between domains", columns, rows, option, 360)


def _interest_lines(interests: dict[str, Any]) -> Chart:
    months, series = interests["months"], interests["series"]
    table = [[row["interest"], *row["likes"]] for row in series]
    lines = {row["interest"]: row["likes"] for row in series}
    return _chart(
        "interests",
        "Likes of the largest interests by month",
        ["interest", *months],
        table if months else [],
        _lines(months, lines),
    )


def _rising(rows: Sequence[Row]) -> Chart:
    """The interests whose share of all likes has changed most in the last three months."""
    changes = [
        [row["interest"], row["before"], row["after"], row["after"] - row["before"]] for row in rows
    ]
    risen = [row for row in changes[:MAX_RISING] if row[3] > 0]
    fallen = [row for row in changes[len(risen) :][-MAX_RISING:] if row[3] < 0]
    shown = [*risen, *fallen]
    option = {
        "tooltip": {"trigger": "axis"},
        "grid": {"top": 8, "left": 8, "right": 24, "bottom": 8, "containLabel": True},
        "xAxis": {"type": "value", "axisLabel": {"formatter": "{value} pt"}},
        "yAxis": {"type": "category", "inverse": True, "data": [row[0] for row in shown]},
        "series": [{"type": "bar", "data": [round(row[3], 2) for row in shown]}],
    }
    table = [[name, f"{before:.2f} %", f"{after:.2f} %", f"{change:+.2f}"]
             for name, before, after, change in shown]  # fmt: skip
    columns = ["interest", "share of likes before", "in the last 3 months", "change in points"]
    title = "Interests that rise and fall: change of their share of all likes"
    return _chart("rising", title, columns, table, option, 60 + 24 * len(shown))


def _person_months(number: int, person: dict[str, Any]) -> Chart:
    months, series = _pivot(person["months"], lambda row: row["likes"] + row["dislikes"])
    table = [[month, *(values[k] for values in series.values())] for k, month in enumerate(months)]
    return _chart(
        f"person-{number}-months",
        "Interactions by month and domain",
        ["month", *series],
        table,
        _lines(months, series, stack="all"),
        220,
    )


def _reasons(number: int, person: dict[str, Any]) -> Chart:
    """What leads to the recommended items: the strongest sources, and how much each adds.

    Popularity is left out: it is as large for the other popular items, and explains none of them.
    """
    found = [
        [str(path["title"] or path["from"]), item["title"] or item["item_id"], path["share"]]
        for item in person["answer"]["items"]
        for path in item["paths"]
        if path["kind"] != "popularity" and path["share"] > 0
    ]
    totals: Counter[str] = Counter()
    for source, _, share in found:
        totals[source] += share
    sources = [source for source, _ in totals.most_common(MAX_SOURCES)]
    table = [[*names, round(share, 4)] for *names, share in found if names[0] in sources]
    titles = list(dict.fromkeys(row[1] for row in table))
    # The layers of a Sankey diagram need distinct names on both sides.
    nodes = [{"name": f"a{k}", "label": _text(name)} for k, name in enumerate(sources)]
    nodes += [
        {"name": f"b{k}", "label": _text(name) | {"position": "left"}}
        for k, name in enumerate(titles)
    ]
    links = [
        {"source": f"a{sources.index(a)}", "target": f"b{titles.index(b)}", "value": share}
        for a, b, share in table
    ]
    option = {
        "series": [
            {
                "type": "sankey",
                "left": 4,
                "right": 4,
                "nodeGap": 10,
                "data": nodes,
                "links": links,
                "lineStyle": {"color": "source", "opacity": 0.35},
            }
        ]
    }
    return _chart(
        f"person-{number}-reasons",
        "What leads to these items",
        ["from", "to", "share of the score"],
        table,
        option,
        60 + 30 * max(len(sources), len(titles)),
    )


def _text(text: str) -> dict[str, Any]:
    return {"formatter": text.replace("{", "(").replace("}", ")"), "overflow": "truncate"}


def _concentration(recommended: Sequence[dict[str, Any]]) -> Chart:
    """Which share of the recommended places goes to each tenth of the items by popularity."""
    shown = [row for row in recommended if sum(each["places"] for each in row["deciles"])]
    series: dict[str, list[float]] = {}
    for row in shown:
        places = [each["places"] for each in row["deciles"]]
        series[row["domain"]] = [round(100 * each / sum(places), 1) for each in places]
    names = [f"{10 * k}–{10 * k + 10} %" for k in range(10)]
    option = _lines(names, series)
    for line in option["series"]:
        line["type"] = "bar"
    option["yAxis"]["axisLabel"] = {"formatter": "{value} %"}
    table = [
        [
            row["domain"],
            row["users"],
            f"{row['recommended']:,} of {row['items']:,}",
            f"{100 * row['recommended'] / max(row['items'], 1):.1f} %",
            *(f"{share:.1f} %" for share in series[row["domain"]]),
        ]
        for row in shown
    ]
    columns = ["domain", "users asked", "items in their first ten", "coverage"]
    columns += [f"items {name}" for name in names]
    title = "Places in the first ten, by the popularity of the item (the most liked tenth first)"
    return _chart("concentration", title, columns, table, option)


def _generations(generations: Sequence[Row]) -> Chart:
    """NDCG@10 of the held-out users of each generation, in the order of their numbers."""
    measure = "held-out ndcg@10"
    shown = [row for row in reversed(generations) if measure in row["metrics"]]
    points = [round(row["metrics"][measure], 4) for row in shown]
    option = _lines([f"{row['number']}" for row in shown], {"NDCG@10 of held-out users": points})
    option["series"][0] |= {
        "showSymbol": True,
        "symbolSize": 9,
        "data": [
            {"value": point, "symbol": "emptyCircle" if row["state"] == "refused" else "circle"}
            for point, row in zip(points, shown, strict=True)
        ],
    }
    option["yAxis"]["scale"] = True
    table = [
        [
            row["number"],
            row["state"],
            f"{row['metrics'][measure]:.4f}",
            _figure(row["metrics"].get("held-out coverage@10")),
            row["reason"] or "",
        ]
        for row in shown
    ]
    columns = ["generation", "state", "NDCG@10", "coverage@10", "what the gate said"]
    return _chart("generations", "Generations on held-out users", columns, table, option, 240)


def _models(number: int, evaluation: dict[str, Any]) -> Chart:
    """NDCG@10 of the models of an evaluation, each with its interval."""
    models = evaluation["models"]
    option = {
        "tooltip": {"trigger": "axis"},
        "grid": {"top": 8, "left": 8, "right": 24, "bottom": 8, "containLabel": True},
        "xAxis": {"type": "value"},
        "yAxis": {
            "type": "category",
            "inverse": True,
            "data": [model["name"] for model in models],
        },
        "series": [{"type": "bar", "data": [round(model["ndcg"], 4) for model in models]}],
    }
    table = [
        [
            model["name"],
            _figure(model["ndcg"]),
            " to ".join(_figure(value) for value in model["interval"]),
            _figure(model["coverage"]),
        ]
        for model in models
    ]
    title = (
        f"{evaluation['dataset']}, {evaluation['target']}: NDCG@10 of {evaluation['users']:,} users"
    )
    columns = ["model", "NDCG@10", "95 % interval", "coverage@10"]
    return _chart(f"models-{number}", title, columns, table, option, 60 + 26 * len(models))


def _figure(value: float | None) -> str:
    return "–" if value is None else f"{value:.4f}"
