"""Metrics of the service in the format of Prometheus."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class Counters:
    """The metrics of one service.

    Attributes:
        registry: All of them, for `prometheus_client.generate_latest`.
        requests: Answered requests by method, route and status.
        seconds: Their durations by route.
        in_flight: Requests that are being answered.
        limited: Requests that a rate limit refused.
        recorded: Likes, dislikes and texts that were recorded, without repetitions, by kind.
        database: 1 if the database answered when it was last asked, else 0.
    """

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.requests = Counter(
            "isthmus_http_requests",
            "Answered requests.",
            ("method", "route", "status"),
            registry=self.registry,
        )
        self.seconds = Histogram(
            "isthmus_http_request_seconds",
            "Time from a request to the end of its answer.",
            ("route",),
            buckets=SECONDS,
            registry=self.registry,
        )
        self.in_flight = Gauge(
            "isthmus_http_requests_in_flight",
            "Requests that are being answered.",
            registry=self.registry,
        )
        self.limited = Counter(
            "isthmus_http_rate_limited",
            "Requests that a rate limit refused.",
            registry=self.registry,
        )
        self.recorded = Counter(
            "isthmus_recorded",
            "Likes, dislikes and texts that were recorded.",
            ("kind",),
            registry=self.registry,
        )
        self.database = Gauge(
            "isthmus_database_up",
            "1 if the database answered when it was last asked, else 0.",
            registry=self.registry,
        )
