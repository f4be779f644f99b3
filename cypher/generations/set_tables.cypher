// purpose: Record that training on the tables loaded now would give this generation again.
// parameters: number INTEGER; tables LIST of the fingerprints of tables
MATCH (g:Generation {number: $number})
SET g.tables = $tables
