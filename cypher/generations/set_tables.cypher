// purpose: Remember that a generation is what the tables that were loaded now would be learned to.
// parameters: number INTEGER; tables LIST of the fingerprints of tables
MATCH (g:Generation {number: $number})
SET g.tables = $tables
