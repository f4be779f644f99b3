// purpose: The interests of a domain by their likes, with the part of its items that is about each.
// cost: scan
// parameters:
//   domain STRING name of the domain; example "books"
//   most INTEGER maximum number of rows; default 20
// columns:
//   interest name of the interest
//   items number of items of the domain that are about it
//   share_of_items their part of the domain's items
//   likes likes of these items, recent ones counting more
//   share_of_likes their part of the likes of the domain's items
//   demand share_of_likes divided by share_of_items; above 1 its items are liked more than others
//   examples titles of its three most popular items
MATCH (e:Encoder {state: 'active'})
CALL () {
  MATCH (i:Item {domain: $domain})
  RETURN toFloat(count(i)) AS all_items, sum(coalesce(i.likes, 0.0)) AS all_likes
}
MATCH (i:Item {domain: $domain})-[:ABOUT]->(n:Interest {version: e.version})
WITH n, i, all_items, all_likes ORDER BY i.popularity DESC, i.key
WITH n, all_items, all_likes, count(i) AS items, sum(coalesce(i.likes, 0.0)) AS likes,
  collect(coalesce(nullIf(i.title, ''), i.key))[..3] AS examples
WITH *, items / all_items AS share_of_items, CASE WHEN all_likes > 0 THEN likes / all_likes ELSE 0.0 END AS share_of_likes
RETURN n.name AS interest, items, share_of_items, likes, share_of_likes, share_of_likes / share_of_items AS demand, examples
ORDER BY likes DESC, n.id LIMIT $most
