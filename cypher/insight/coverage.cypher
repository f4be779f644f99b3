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
MATCH (j:Item)
WITH j.domain AS domain,
  EXISTS { (j)<-[x:TRANSFERS_TO]-(:Item) WHERE x.generation = g.number } AS by_transfer,
  EXISTS { (j)<-[x:CO_LIKED]-() WHERE x.generation = g.number } AS by_co_liked,
  EXISTS { (j)<-[x:TRANSFERS_TO]-(:Interest) WHERE x.generation = g.number } AS by_interest,
  EXISTS { (j)<-[x:TRANSFERS_TO]-(:Domain) WHERE x.generation = g.number } AS by_popularity
WITH domain, count(*) AS items, count(CASE WHEN by_transfer THEN 1 END) AS by_transfer,
  count(CASE WHEN by_co_liked THEN 1 END) AS by_co_liked, count(CASE WHEN by_interest THEN 1 END) AS by_interest,
  count(CASE WHEN by_popularity THEN 1 END) AS by_popularity,
  count(CASE WHEN by_transfer OR by_co_liked OR by_interest OR by_popularity THEN 1 END) AS covered
RETURN domain, items, by_transfer, by_co_liked, by_interest, by_popularity, covered, toFloat(covered) / items AS coverage
ORDER BY domain
