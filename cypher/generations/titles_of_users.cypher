// purpose: Titles that each of some users met, which show the language that the user reads.
// parameters: users LIST of ids; most INTEGER number of titles of a user
// columns: user, titles
UNWIND $users AS id
MATCH (u:User {id: id})
RETURN id AS user, [(u)-[:INTERACTED]->(i:Item) WHERE i.title IS NOT NULL | i.title][..$most] AS titles
