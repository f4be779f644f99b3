// purpose: All users with interactions.
// columns: id
MATCH (u:User)
WHERE EXISTS { (u)-[:INTERACTED]->() }
RETURN u.id AS id ORDER BY u.id
