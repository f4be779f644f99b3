// purpose: User ids with the same first characters, for suggestions in an error message.
// parameters: start STRING the first characters
// columns: id
MATCH (u:User)
WHERE toLower(u.id) STARTS WITH toLower($start)
RETURN u.id AS id LIMIT 1000
