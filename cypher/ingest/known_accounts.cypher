// purpose: The users of accounts.
// parameters: keys LIST of platform:id
// columns: key, user_id
UNWIND $keys AS key
MATCH (a:Account {key: key})-[:OF]->(u:User)
RETURN key, u.id AS user_id
