// purpose: Items of some domains in pages by key, to find those that a table lacks.
// parameters: after STRING last key of the previous page, or ''; limit INTEGER; domains LIST of names
// columns: id
MATCH (i:Item)
WHERE i.key > $after AND i.domain IN $domains
RETURN i.key AS id ORDER BY id LIMIT $limit
