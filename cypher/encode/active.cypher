// purpose: The encoder version whose vectors and interests are read, and the generation that uses it.
// columns: number, name, fingerprint, generation
MATCH (e:Encoder {state: 'active'})
OPTIONAL MATCH (g:Generation {state: 'active'})
RETURN e.version AS number, e.name AS name, e.fingerprint AS fingerprint, g.number AS generation
