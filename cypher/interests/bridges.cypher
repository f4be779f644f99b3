// purpose: Interests that lead into other domains: the items there to which their learned edges lead.
// cost: global
// parameters:
//   domain STRING domain of the items to which they lead, or null for each; default null
//   most INTEGER maximum number of rows; default 20
//   k INTEGER minimum number of people of a row; default 1
// columns:
//   interest name of the interest
//   home domains of its items, that with most of them first
//   target domain to which it leads and in which no item is about it
//   weight sum of the weights of its edges into the domain
//   edges number of these edges
//   people number of users who like the interest and one of the examples
//   examples titles of the three items with the strongest edges
MATCH (g:Generation {state: 'active'})
MATCH (n:Interest {version: g.encoder_version})-[x:TRANSFERS_TO]->(j:Item)
WHERE x.generation = g.number AND ($domain IS NULL OR j.domain = $domain)
WITH n, j, x ORDER BY x.weight DESC, j.key
WITH n, j.domain AS target, sum(x.weight) AS weight, count(*) AS edges, collect(j)[..3] AS best
WHERE NOT EXISTS { (n)<-[:ABOUT]-(:Item {domain: target}) }
WITH n, target, weight, edges, best ORDER BY weight DESC, n.id, target LIMIT 2 * $most
WITH *, COUNT {
  UNWIND best AS j
  MATCH (j)<-[r:INTERACTED]-(u:User) WHERE r.weight > 0 AND EXISTS { (u)-[s:INTERESTED_IN]->(n) WHERE s.weight > 0 }
  RETURN DISTINCT u
} AS people
WHERE people >= $k
WITH *, COLLECT {
  MATCH (n)<-[:ABOUT]-(i:Item)
  WITH i.domain AS domain, count(*) AS items
  RETURN domain ORDER BY items DESC, domain
} AS home
RETURN n.name AS interest, home, target, weight, edges, people,
  [j IN best | coalesce(nullIf(j.title, ''), j.key)] AS examples
ORDER BY weight DESC, n.id, target LIMIT $most
