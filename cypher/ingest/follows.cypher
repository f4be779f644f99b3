// purpose: Write which users follow each other.
// parameters: rows LIST of {user_id, follows_id, weight}
UNWIND $rows AS row
MATCH (u:User {id: row.user_id})
MATCH (v:User {id: row.follows_id})
MERGE (u)-[f:FOLLOWS]->(v)
SET f.weight = row.weight
