// purpose: The items that an id or a title names, in all domains; the id counts before the title.
// parameters: name STRING an item id or a title; words STRING the words of the title, as a query of a full-text index
// columns: key, domain, item_id, title, by ('id', 'title' or 'words' for a title that is only similar)
CALL () {
  MATCH (i:Item {item_id: $name})
  RETURN i, 'id' AS by
UNION
  WITH $words AS words WHERE words <> ''
  CALL db.index.fulltext.queryNodes('item_title', words, {limit: 200}) YIELD node
  RETURN node AS i, CASE toLower(node.title) WHEN toLower($name) THEN 'title' ELSE 'words' END AS by
}
RETURN i.key AS key, i.domain AS domain, i.item_id AS item_id, i.title AS title, by
ORDER BY key
