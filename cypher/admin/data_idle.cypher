// purpose: Users without interactions and texts.
// columns: found, among, above, examples
RETURN COUNT { (u:User) WHERE NOT EXISTS { (u)-[:INTERACTED|WROTE]->() } } AS found,
  COUNT { (:User) } AS among, null AS above,
  COLLECT { MATCH (u:User) WHERE NOT EXISTS { (u)-[:INTERACTED|WROTE]->() }
            RETURN u.id ORDER BY u.id LIMIT 3 } AS examples
