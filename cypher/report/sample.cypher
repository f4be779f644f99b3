// purpose: Some users with interactions, the same in each run.
// parameters: n INTEGER maximum number of users
// columns: user
MATCH (u:User)
WHERE EXISTS { (u)-[:INTERACTED]->() }
RETURN u.id AS user
ORDER BY reverse(u.id), u.id LIMIT $n
