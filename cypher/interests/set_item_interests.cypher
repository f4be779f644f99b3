// purpose: Replace the interests of items.
// parameters: rows LIST of {id, about}, about being a list of {interest, weight};
//   version INTEGER of the encoder
UNWIND $rows AS row
MATCH (i:Item {key: row.id})
CALL (i, row) {
  MATCH (i)-[old:ABOUT]->(n:Interest {version: $version})
  WHERE NOT n.id IN [a IN row.about | a.interest]
  DELETE old
}
CALL (i, row) {
  UNWIND row.about AS a
  MATCH (n:Interest {id: a.interest, version: $version})
  MERGE (i)-[b:ABOUT]->(n)
  SET b.weight = a.weight
}
