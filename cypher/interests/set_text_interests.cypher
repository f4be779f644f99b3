// purpose: What texts are about, in place of what was said before, and whether they praise.
// parameters: rows LIST of {id, polarity from -1 to 1, about}, about being a list of {interest, weight}
UNWIND $rows AS row
MATCH (t:Text {id: row.id})
SET t.polarity = row.polarity
WITH t, row
CALL (t, row) {
  MATCH (t)-[old:ABOUT]->(n:Interest)
  WHERE NOT n.id IN [a IN row.about | a.interest]
  DELETE old
}
CALL (t, row) {
  UNWIND row.about AS a
  MATCH (n:Interest {id: a.interest})
  MERGE (t)-[b:ABOUT]->(n)
  SET b.weight = a.weight
}
