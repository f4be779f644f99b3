// purpose: Users by the beginning of their id.
// parameters: start STRING of the id; n INTEGER
// columns: user
MATCH (u:User) WHERE u.id STARTS WITH $start
RETURN u.id AS user ORDER BY user LIMIT $n
