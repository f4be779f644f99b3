// purpose: Items with a title or text and no vector of an encoder version, in pages by key.
// parameters: after STRING last key of the previous page, or ''; limit INTEGER; version INTEGER, or null for all items
// columns: id, text
MATCH (i:Item)
WHERE i.key > $after AND (i.title <> '' OR i.text <> '')
  AND NOT EXISTS { (i)-[:ENCODED_AS]->(:ItemVector {version: $version}) }
WITH i ORDER BY i.key LIMIT $limit
RETURN i.key AS id, i.title + coalesce('\n' + i.text, '') AS text
