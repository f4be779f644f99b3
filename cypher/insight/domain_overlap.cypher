// purpose: How many users two domains share: those with an interaction in both.
// cost: global
// parameters:
//   k INTEGER minimum number of users in both; default 1
// columns:
//   domain name of a domain
//   other name of another domain
//   users number of users with an interaction in both
//   share their part of the users of the first
//   share_of_other their part of the users of the other
//   jaccard their part of the users of either
MATCH (d:Domain)
WITH d.name AS domain ORDER BY domain
WITH collect(domain) AS domains
MATCH (u:User)
WITH domains, [name IN domains WHERE EXISTS { (u)-[:INTERACTED]->(:Item {domain: name}) }] AS visited, count(*) AS users
WITH domains, collect({visited: visited, users: users}) AS groups
UNWIND domains AS domain
UNWIND domains AS other
WITH domain, other, groups WHERE domain < other
WITH domain, other,
  reduce(n = 0, g IN groups | n + CASE WHEN domain IN g.visited THEN g.users ELSE 0 END) AS first,
  reduce(n = 0, g IN groups | n + CASE WHEN other IN g.visited THEN g.users ELSE 0 END) AS second,
  reduce(n = 0, g IN groups | n + CASE WHEN domain IN g.visited AND other IN g.visited THEN g.users ELSE 0 END) AS users
WHERE users >= $k AND users > 0
RETURN domain, other, users, toFloat(users) / first AS share, toFloat(users) / second AS share_of_other,
  toFloat(users) / (first + second - users) AS jaccard
ORDER BY jaccard DESC, domain, other
