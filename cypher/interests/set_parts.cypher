// purpose: Which interests are part of which, in place of what was said before.
// parameters: rows LIST of {part, whole}, ids of interests; version INTEGER of the encoder
OPTIONAL MATCH (:Interest {version: $version})-[old:PART_OF]->(:Interest)
DELETE old
WITH count(*) AS deleted
UNWIND $rows AS row
MATCH (part:Interest {id: row.part, version: $version}), (whole:Interest {id: row.whole, version: $version})
MERGE (part)-[:PART_OF]->(whole)
