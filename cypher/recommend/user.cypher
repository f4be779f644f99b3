// purpose: The user with an id, if there is one.
// parameters: user STRING id
// columns: id
MATCH (u:User {id: $user})
RETURN u.id AS id
