// purpose: The ids of all users in pages.
// parameters: after STRING last id of the previous page, or ''; limit INTEGER
// columns: id
MATCH (u:User)
WHERE u.id > $after
RETURN u.id AS id ORDER BY id LIMIT $limit
