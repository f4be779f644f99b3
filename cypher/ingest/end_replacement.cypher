// purpose: Record that what the tables of a folder lack is removed.
// parameters: path STRING; domains LIST of the names of those that the tables are about
MATCH (d:Dataset {path: $path})
SET d.domains = $domains
REMOVE d.replacing
