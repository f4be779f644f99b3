// purpose: The active encoder version, and the active generation if there is one.
// columns: number, name, fingerprint, generation
MATCH (e:Encoder {state: 'active'})
OPTIONAL MATCH (g:Generation {state: 'active'})
RETURN e.version AS number, e.name AS name, e.fingerprint AS fingerprint, g.number AS generation
