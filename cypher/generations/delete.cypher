// purpose: Delete the node of a generation whose edges are deleted.
// parameters: number INTEGER
MATCH (g:Generation {number: $number, state: 'deleting'})
DETACH DELETE g
