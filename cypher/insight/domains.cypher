// purpose: The domains at a glance: items, interactions and dates of each.
// cost: global
// columns:
//   domain name of the domain
//   items number of items
//   without_title number of items without a title
//   never_met number of items without interactions
//   interactions number of pairs of a user and an item with an interaction
//   likes number of these that are likes
//   dislikes number of these that are dislikes
//   users number of users with an interaction
//   first_at time of the first of them
//   newest_at time of the newest of them
MATCH (d:Domain)
CALL (d) {
  MATCH (i:Item {domain: d.name})
  RETURN count(i) AS items, count(CASE WHEN i.title = '' THEN 1 END) AS without_title,
    count(CASE WHEN COUNT { (i)<-[:INTERACTED]-() } = 0 THEN 1 END) AS never_met
}
CALL (d) {
  MATCH (:Item {domain: d.name})<-[r:INTERACTED]-(u:User)
  WITH u, count(r) AS n, count(CASE WHEN r.weight > 0 THEN 1 END) AS liked, count(CASE WHEN r.weight < 0 THEN 1 END) AS disliked,
    min(coalesce(r.first_at, r.last_at)) AS first_of, max(r.last_at) AS last_of
  RETURN sum(n) AS interactions, sum(liked) AS likes, sum(disliked) AS dislikes, count(u) AS users,
    min(first_of) AS first_at, max(last_of) AS newest_at
}
RETURN d.name AS domain, items, without_title, never_met, interactions, likes, dislikes, users,
  toString(first_at) AS first_at, toString(newest_at) AS newest_at
ORDER BY interactions DESC, domain
