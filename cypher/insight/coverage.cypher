// purpose: How much of each domain can be recommended: items to which an edge of the active generation leads.
// cost: global
// columns:
//   domain name of the domain
//   items number of items
//   by_transfer number of items to which an edge of an item of another domain leads
//   by_co_liked number of items to which an edge of an item of the domain leads
//   by_interest number of items to which an edge of an interest leads
//   by_popularity number of items to which the edge of the domain leads, for users without history
//   covered number of items to which any of these leads
//   coverage their part of the items
MATCH (g:Generation {state: 'active'})
CALL (g) {
  MATCH (j:Item)
  RETURN j, 'none' AS kind
UNION ALL
  MATCH (j:Item) WHERE EXISTS { (j)<-[x:TRANSFERS_TO]-(:Item) WHERE x.generation = g.number }
  RETURN j, 'transfer' AS kind
UNION ALL
  MATCH (j:Item) WHERE EXISTS { (j)<-[x:CO_LIKED]-() WHERE x.generation = g.number }
  RETURN j, 'co_liked' AS kind
UNION ALL
  MATCH (:Interest)-[x:TRANSFERS_TO]->(j:Item) WHERE x.generation = g.number
  RETURN DISTINCT j, 'interest' AS kind
UNION ALL
  MATCH (:Domain)-[x:TRANSFERS_TO]->(j:Item) WHERE x.generation = g.number
  RETURN DISTINCT j, 'popularity' AS kind
}
WITH j, collect(kind) AS kinds
WITH j.domain AS domain, count(j) AS items, count(CASE WHEN 'transfer' IN kinds THEN 1 END) AS by_transfer,
  count(CASE WHEN 'co_liked' IN kinds THEN 1 END) AS by_co_liked, count(CASE WHEN 'interest' IN kinds THEN 1 END) AS by_interest,
  count(CASE WHEN 'popularity' IN kinds THEN 1 END) AS by_popularity, count(CASE WHEN size(kinds) > 1 THEN 1 END) AS covered
RETURN domain, items, by_transfer, by_co_liked, by_interest, by_popularity, covered, toFloat(covered) / items AS coverage
ORDER BY domain
