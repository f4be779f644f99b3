// purpose: User ids that begin alike, to say who may have been meant.
// parameters: start STRING the first characters
// columns: id
MATCH (u:User)
WHERE toLower(u.id) STARTS WITH toLower($start)
RETURN u.id AS id LIMIT 1000
