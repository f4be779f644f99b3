// purpose: Replace the interests of texts and store their polarity.
// parameters: rows LIST of {id, polarity from -1 to 1, about}, about being a list of {interest, weight,
//   polarity};
//   version INTEGER of the encoder
UNWIND $rows AS row
MATCH (v:TextVector {text: row.id, version: $version})<-[:ENCODED_AS]-(t:Text)
SET v.polarity = row.polarity
WITH t, row
CALL (t, row) {
  MATCH (t)-[old:ABOUT]->(n:Interest {version: $version})
  WHERE NOT n.id IN [a IN row.about | a.interest]
  DELETE old
}
CALL (t, row) {
  UNWIND row.about AS a
  MATCH (n:Interest {id: a.interest, version: $version})
  MERGE (t)-[b:ABOUT]->(n)
  SET b.weight = a.weight, b.polarity = a.polarity
}
