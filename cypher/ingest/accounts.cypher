// purpose: Write the accounts of users on several platforms.
// parameters: rows LIST of {key, user_id}
UNWIND $rows AS row
MATCH (u:User {id: row.user_id})
MERGE (a:Account {key: row.key})
MERGE (a)-[:OF]->(u)
