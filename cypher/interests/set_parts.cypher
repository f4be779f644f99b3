// purpose: Which interests are part of which, in place of what was said before.
// parameters: rows LIST of {part, whole}, ids of interests
OPTIONAL MATCH (:Interest)-[old:PART_OF]->(:Interest)
DELETE old
WITH count(*) AS deleted
UNWIND $rows AS row
MATCH (part:Interest {id: row.part}), (whole:Interest {id: row.whole})
MERGE (part)-[:PART_OF]->(whole)
