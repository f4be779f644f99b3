// purpose: Create or update items; an item whose title or text changed has no vectors until `isthmus encode` runs. A
//   value that a row lacks says nothing and what the graph has is kept, except in the columns to clear.
// parameters: rows LIST of {key, domain, item_id, title, text, categories, published_at, attributes}, title being ''
//   where it is missing, published_at in milliseconds since 1970, and attributes a map, with times likewise, or null;
//   names LIST of the attributes; times LIST of those that are times; cleared LIST of columns and attributes of which a
//   missing value deletes
// columns: new and changed, the numbers of such items
UNWIND $rows AS row
MERGE (i:Item {key: row.key})
WITH i, row, i.domain IS NULL AS new,
  CASE WHEN row.title <> '' OR 'title' IN $cleared THEN row.title ELSE coalesce(i.title, '') END AS title,
  CASE WHEN row.text IS NOT NULL OR 'text' IN $cleared THEN row.text ELSE i.text END AS text,
  CASE WHEN row.categories IS NOT NULL OR 'categories' IN $cleared THEN row.categories ELSE i.categories END AS categories,
  CASE WHEN row.published_at IS NOT NULL OR 'published_at' IN $cleared THEN row.published_at
       ELSE i.published_at.epochMillis END AS published
WITH *, coalesce(i.title, '') <> title OR coalesce(i.text, '') <> coalesce(text, '') AS reworded
WITH *, [name IN $names WHERE row.attributes[name] IS NOT NULL OR name IN $cleared | {name: name, value:
  CASE WHEN name IN $times AND row.attributes[name] IS NOT NULL THEN datetime({epochMillis: row.attributes[name]})
       ELSE row.attributes[name] END}] AS given
WITH *, [a IN given WHERE NOT coalesce(i[a.name] = a.value, i[a.name] IS NULL AND a.value IS NULL)] AS changes
WITH *, reworded OR size(changes) > 0 OR coalesce(i.categories, []) <> coalesce(categories, [])
  OR coalesce(i.published_at.epochMillis <> published, i.published_at IS NOT NULL OR published IS NOT NULL) AS differs
CALL (i, new, reworded) {
  WITH i WHERE reworded AND NOT new
  MATCH (i)-[:ENCODED_AS]->(v:ItemVector)
  DETACH DELETE v
}
FOREACH (_ IN CASE WHEN new OR differs THEN [1] ELSE [] END |
  SET i.domain = row.domain, i.item_id = row.item_id, i.popularity = coalesce(i.popularity, 0.0),
      i.title = title, i.text = text, i.categories = categories,
      i.published_at = CASE WHEN published IS NOT NULL THEN datetime({epochMillis: published}) END
)
FOREACH (a IN changes | SET i[a.name] = a.value)
WITH i, row, new, NOT new AND differs AS changed
MATCH (d:Domain {name: row.domain})
MERGE (i)-[:IN_DOMAIN]->(d)
RETURN count(CASE WHEN new THEN 1 END) AS new, count(CASE WHEN changed THEN 1 END) AS changed
