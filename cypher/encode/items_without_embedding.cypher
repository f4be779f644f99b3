// purpose: Items with a title or text and no embedding, in pages by key.
// parameters: after STRING last key of the page before, or ''; limit INTEGER; again BOOLEAN also those with one
// columns: id, text
MATCH (i:Item)
WHERE i.key > $after AND ($again OR i.embedding IS NULL) AND (i.title <> '' OR i.text <> '')
WITH i ORDER BY i.key LIMIT $limit
RETURN i.key AS id, i.title + coalesce('\n' + i.text, '') AS text
