// purpose: How the columns of a folder were understood when it was loaded last.
// parameters: path STRING
// columns: readings
MATCH (d:Dataset {path: $path})
RETURN d.readings AS readings
