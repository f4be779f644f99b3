// purpose: How many users have interactions in one domain, in two, and so on: transfer is learned from two and more.
// cost: global
// columns:
//   domains number of domains
//   users number of users with interactions in so many
//   share their part of all users
//   interactions mean number of their interactions
MATCH (u:User)
WITH u, COUNT { MATCH (d:Domain) WHERE EXISTS { (u)-[:INTERACTED]->(:Item {domain: d.name}) } } AS domains
RETURN domains, count(u) AS users, toFloat(count(u)) / COUNT { (:User) } AS share,
  avg(COUNT { (u)-[:INTERACTED]->() }) AS interactions
ORDER BY domains
