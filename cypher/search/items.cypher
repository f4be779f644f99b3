// purpose: Items by words of their titles, best match first, or by the beginning of their id.
// parameters: words STRING in the syntax of Lucene, or '' for none; start STRING of the id; domain STRING, or null
//   for all; n INTEGER
// columns: domain, item_id, title
CALL () {
  MATCH (i:Item) WHERE i.item_id STARTS WITH $start AND ($domain IS NULL OR i.domain = $domain)
  RETURN i, CASE WHEN i.item_id = $start THEN 1e9 ELSE 0.0 END AS match
  ORDER BY match DESC, i.key LIMIT $n
UNION ALL
  WITH * WHERE $words <> ''
  CALL db.index.fulltext.queryNodes('item_title', $words) YIELD node AS i, score AS match
  WHERE $domain IS NULL OR i.domain = $domain
  RETURN i, match LIMIT $n
}
WITH i, max(match) AS match
RETURN i.domain AS domain, i.item_id AS item_id, i.title AS title
ORDER BY match DESC, i.key LIMIT $n
