"""A client of `isthmus serve`: recommendations with reasons, and a like that counts once.

pip install httpx
isthmus serve &
ISTHMUS_TOKEN=$(head -1 HOME/service/tokens) python examples/ask_service.py ana films
"""

from __future__ import annotations

import os
import sys
import time
from typing import Any

import httpx


def ask(http: httpx.Client, path: str, body: dict[str, Any], tries: int = 5) -> dict[str, Any]:
    """Sends a request; waits as long as the service says where it is busy or its database away."""
    response = http.post(path, json=body)
    while response.status_code in (429, 503) and (tries := tries - 1):
        time.sleep(float(response.headers["Retry-After"]))
        response = http.post(path, json=body)
    if response.is_error:
        raise SystemExit("{message} {advice}".format_map(response.json()["error"]))
    answer: dict[str, Any] = response.json()
    return answer


def main(user: str, domain: str) -> None:
    """Prints three recommendations, and records that the user likes the first."""
    headers = {"Authorization": f"Bearer {os.environ['ISTHMUS_TOKEN']}"}
    with httpx.Client(base_url="http://127.0.0.1:8421", headers=headers, timeout=30) as http:
        body = {"user": user, "domain": domain, "n": 3, "reasons": True}
        items = ask(http, "/v1/recommend", body)["items"]
        for item in items:
            print(f"{item['title']}: {' '.join(item['reasons'])}")
        like = {
            "user": user,
            "domain": domain,
            "item": items[0]["item_id"],
            "event_id": f"click {user} 1",
        }
        print(ask(http, "/v1/feedback", like))


if __name__ == "__main__":
    main(*sys.argv[1:3])
