// purpose: Interactions by their kind, such as view, read or purchase, with their weights.
// cost: global
// columns:
//   kind kind of the newest interaction of a user with an item, "unknown" for those without
//   domain name of the domain
//   interactions number of pairs of a user and an item
//   weight their mean weight
//   likes number of these that are likes
//   dislikes number of these that are dislikes
//   users number of users
MATCH (u:User)-[r:INTERACTED]->(i:Item)
RETURN coalesce(r.kind, 'unknown') AS kind, i.domain AS domain, count(r) AS interactions, avg(r.weight) AS weight,
  count(CASE WHEN r.weight > 0 THEN 1 END) AS likes, count(CASE WHEN r.weight < 0 THEN 1 END) AS dislikes,
  count(DISTINCT u) AS users
ORDER BY interactions DESC, kind, domain
