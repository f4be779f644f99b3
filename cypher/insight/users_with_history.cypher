// purpose: Everybody who has interacted with something.
// columns: id
MATCH (u:User)
WHERE EXISTS { (u)-[:INTERACTED]->() }
RETURN u.id AS id ORDER BY u.id
