// purpose: Remove users of whom nothing is left: no interactions, texts, accounts and follows. They are locked before
//   that is read, so that one with a new event stays.
// parameters: rows LIST of {user_id}
// columns: removed
UNWIND $rows AS row
MATCH (u:User {id: row.user_id})
SET u.held = true
REMOVE u.held
WITH u
WHERE NOT EXISTS { (u)-[:INTERACTED|WROTE]->() } AND NOT EXISTS { (u)-[:FOLLOWS]-() } AND NOT EXISTS { (u)<-[:OF]-() }
DETACH DELETE u
RETURN count(*) AS removed
