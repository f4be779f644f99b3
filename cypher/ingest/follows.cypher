// purpose: Write which users follow each other.
// parameters: rows LIST of {user_id, follows_id, weight}
// columns: new and changed, the numbers of such pairs
UNWIND $rows AS row
MATCH (u:User {id: row.user_id})
MATCH (v:User {id: row.follows_id})
MERGE (u)-[f:FOLLOWS]->(v)
WITH f, row, f.weight IS NULL AS new
WITH f, row, new, NOT new AND f.weight <> row.weight AS changed
SET f.weight = row.weight
RETURN count(CASE WHEN new THEN 1 END) AS new, count(CASE WHEN changed THEN 1 END) AS changed
