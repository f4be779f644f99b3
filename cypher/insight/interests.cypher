// purpose: The interests with most items: their names by language, their number of items, texts and users, and
//   their parent interests. The items and texts of a parent of clusters are those of its children.
// parameters: most INTEGER maximum number of interests
// columns: id, name, names, languages, items, texts, users, part_of, parts
MATCH (e:Encoder {state: 'active'})
MATCH (n:Interest {version: e.version})
WITH n, COLLECT { MATCH (part:Interest)-[:PART_OF]->(n) RETURN part } AS parts
WITH n, parts, CASE WHEN n.id STARTS WITH 'family:' THEN parts ELSE [n] END AS held
WITH n, parts, held, COUNT { UNWIND held AS h MATCH (h)<-[:ABOUT]-(i:Item) RETURN DISTINCT i } AS items
ORDER BY items DESC, n.id LIMIT $most
RETURN n.id AS id, n.name AS name, n.names AS names, n.languages AS languages, items,
  COUNT { UNWIND held AS h MATCH (h)<-[:ABOUT]-(t:Text) RETURN DISTINCT t } AS texts,
  COUNT { UNWIND held AS h MATCH (h)<-[:INTERESTED_IN]-(u:User) RETURN DISTINCT u } AS users,
  COLLECT { MATCH (n)-[:PART_OF]->(whole:Interest) RETURN whole.name ORDER BY whole.name } AS part_of,
  size(parts) AS parts
ORDER BY items DESC, id
