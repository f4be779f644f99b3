// purpose: The interests with their parents: clusters and categories below the wider interest they are part of.
// cost: scan
// parameters:
//   most INTEGER maximum number of rows; default 200
// columns:
//   parent name of the wider interest, or null for one that has none
//   interest name of the interest
//   id its id
//   items number of items about it
//   names its names, in the languages of the next column
//   languages languages of its names
MATCH (e:Encoder {state: 'active'})
MATCH (n:Interest {version: e.version})
OPTIONAL MATCH (n)-[:PART_OF]->(whole:Interest)
RETURN whole.name AS parent, n.name AS interest, n.id AS id, COUNT { (n)<-[:ABOUT]-(:Item) } AS items,
  n.names AS names, n.languages AS languages
ORDER BY whole.id, items DESC, id LIMIT $most
