// purpose: The interests with most items: their names by language, items, texts and users, and their parents.
//   The items and texts of a parent of clusters are those of its children.
// cost: global
// parameters:
//   most INTEGER maximum number of rows; default 20
// columns:
//   id id of the interest
//   name its name
//   names its names, in the languages of the next column
//   languages languages of its names
//   items number of items about it
//   texts number of texts about it
//   users number of users with it
//   part_of names of its parents
//   parts number of its children
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
