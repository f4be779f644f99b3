// purpose: The items of a domain whose vectors are nearest to a vector of the same encoder version.
// parameters: domain STRING; vector LIST of floats; version INTEGER; k INTEGER number of items
// columns: key, similarity
CYPHER 25
MATCH (v:ItemVector)
  SEARCH v IN (VECTOR INDEX vectors_of_version FOR $vector
               WHERE v.domain = $domain AND v.version = $version LIMIT $k) SCORE AS similarity
RETURN v.item AS key, similarity
