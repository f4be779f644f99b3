// purpose: Texts without a vector of an encoder version, in pages by id, with their words if the graph stores them,
//   and the folder of the tables that they came from.
// parameters: after STRING last id of the previous page, or ''; limit INTEGER; version INTEGER, or null for all texts
// columns: id, text, tables
MATCH (t:Text)
WHERE t.id > $after AND NOT EXISTS { (t)-[:ENCODED_AS]->(:TextVector {version: $version}) }
WITH t ORDER BY t.id LIMIT $limit
RETURN t.id AS id, t.text AS text, t.tables AS tables
