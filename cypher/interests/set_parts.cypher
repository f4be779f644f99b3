// purpose: Replace the interest hierarchy of an encoder version.
// parameters: rows LIST of {child, parent}, ids of interests; version INTEGER of the encoder
OPTIONAL MATCH (:Interest {version: $version})-[old:PART_OF]->(:Interest)
DELETE old
WITH count(*) AS deleted
UNWIND $rows AS row
MATCH (child:Interest {id: row.child, version: $version}), (parent:Interest {id: row.parent, version: $version})
MERGE (child)-[:PART_OF]->(parent)
