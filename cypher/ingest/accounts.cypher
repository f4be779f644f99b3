// purpose: Write the accounts of users on several platforms; an account that the table gives to another user than the
//   graph changes its owner.
// parameters: rows LIST of {key, user_id}
// columns: new and changed, the numbers of such accounts
UNWIND $rows AS row
MATCH (u:User {id: row.user_id})
MERGE (a:Account {key: row.key})
WITH u, a, NOT EXISTS { (a)-[:OF]->() } AS new, EXISTS { (a)-[:OF]->(v) WHERE v <> u } AS changed
CALL (u, a, changed) {
  WITH u, a WHERE changed
  MATCH (a)-[o:OF]->(v) WHERE v <> u
  DELETE o
}
MERGE (a)-[:OF]->(u)
RETURN count(CASE WHEN new THEN 1 END) AS new, count(CASE WHEN changed THEN 1 END) AS changed
