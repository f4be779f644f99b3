// purpose: Interactions month by month, by the newest interaction of each pair of a user and an item.
// cost: global
// parameters:
//   domain STRING name of a domain, or null for all; default null
//   most INTEGER maximum number of months, the newest; default 24
// columns:
//   month year and month
//   interactions number of pairs of a user and an item
//   likes number of these that are likes
//   dislikes number of these that are dislikes
//   users number of users
MATCH (u:User)-[r:INTERACTED]->(i:Item)
WHERE r.last_at IS NOT NULL AND ($domain IS NULL OR i.domain = $domain)
WITH r.last_at.year * 100 + r.last_at.month AS number, count(r) AS interactions,
  count(CASE WHEN r.weight > 0 THEN 1 END) AS likes, count(CASE WHEN r.weight < 0 THEN 1 END) AS dislikes,
  count(DISTINCT u) AS users
ORDER BY number DESC LIMIT $most
RETURN (number / 100) + '-' + right('0' + (number % 100), 2) AS month, interactions, likes, dislikes, users
ORDER BY month DESC
