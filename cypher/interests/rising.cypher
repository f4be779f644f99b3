// purpose: Growing interests: their share of the likes of the newest days against the same number of days before.
//   The newest interaction of the graph is the end of the newest days.
// cost: global
// parameters:
//   days INTEGER number of days of a period; default 30
//   before INTEGER number of periods before the newest with which it is compared; default 3
//   least INTEGER minimum number of likes of an interest in the newest period; default 5
//   most INTEGER maximum number of rows; default 20
// columns:
//   interest name of the interest
//   likes number of likes of its items in the newest period
//   likes_before mean number of likes of its items in a period before
//   share its share of all likes of items in the newest period
//   share_before its share in the periods before
//   growth share divided by share_before; null for a new interest
//   examples titles of its three items with most likes in the newest period
MATCH (e:Encoder {state: 'active'})
MATCH (d:Domain)
WITH e, max(d.newest_at) AS newest
WITH e, newest - duration({days: $days}) AS since, newest - duration({days: $days * (1 + $before)}) AS start
MATCH (:User)-[r:INTERACTED]->(i:Item)
WHERE r.last_at > start AND r.weight > 0
WITH e, i, count(CASE WHEN r.last_at > since THEN 1 END) AS now, count(CASE WHEN r.last_at <= since THEN 1 END) AS past
ORDER BY now DESC, i.key
WITH e, collect({item: i, now: now, past: past}) AS items, toFloat(sum(now)) AS all_now, toFloat(sum(past)) AS all_past
UNWIND items AS each
WITH e, each.item AS i, each.now AS now, each.past AS past, all_now, all_past
MATCH (i)-[:ABOUT]->(n:Interest {version: e.version})
WITH n, sum(now) AS likes, sum(past) AS past, all_now, all_past, collect(coalesce(nullIf(i.title, ''), i.key))[..3] AS examples
WHERE likes >= $least
WITH n, likes, toFloat(past) / $before AS likes_before, likes / all_now AS share,
  CASE WHEN all_past > 0 THEN past / all_past ELSE 0.0 END AS share_before, examples
RETURN n.name AS interest, likes, likes_before, share, share_before,
  CASE WHEN share_before > 0 THEN share / share_before END AS growth, examples
ORDER BY CASE WHEN share_before > 0 THEN 1 ELSE 0 END, growth DESC, likes DESC, interest LIMIT $most
