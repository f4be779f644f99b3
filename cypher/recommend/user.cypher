// purpose: Whether there is such a user.
// parameters: user STRING id
// columns: id
MATCH (u:User {id: $user})
RETURN u.id AS id
