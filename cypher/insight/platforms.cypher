// purpose: Interactions, users and accounts by platform.
// cost: global
// columns:
//   platform name of the platform, "unknown" for interactions without one
//   interactions number of pairs of a user and an item with their newest interaction there
//   likes number of these that are likes
//   dislikes number of these that are dislikes
//   users number of users with such an interaction
//   accounts number of accounts on the platform, of the table accounts
CALL () {
  MATCH (u:User)-[r:INTERACTED]->()
  WITH u, coalesce(r.platform, 'unknown') AS platform, count(r) AS n, count(CASE WHEN r.weight > 0 THEN 1 END) AS liked,
    count(CASE WHEN r.weight < 0 THEN 1 END) AS disliked
  RETURN platform, sum(n) AS interactions, sum(liked) AS likes, sum(disliked) AS dislikes, count(u) AS users,
    0 AS accounts
UNION ALL
  MATCH (a:Account)
  RETURN split(a.key, ':')[0] AS platform, 0 AS interactions, 0 AS likes, 0 AS dislikes, 0 AS users,
    count(a) AS accounts
}
RETURN platform, sum(interactions) AS interactions, sum(likes) AS likes, sum(dislikes) AS dislikes, sum(users) AS users,
  sum(accounts) AS accounts
ORDER BY interactions DESC, platform
