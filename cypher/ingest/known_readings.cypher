// purpose: How the columns of a folder were understood when it was loaded last, and whether a load that replaces what
//   it left was interrupted.
// parameters: path STRING
// columns: readings, replacing
MATCH (d:Dataset {path: $path})
RETURN d.readings AS readings, coalesce(d.replacing, false) AS replacing
