// purpose: What is known of a user: interactions, texts, the language of most of them, and what of a domain is left.
// parameters: user STRING id; domain STRING; languages LIST of codes of two letters, of which one is returned
// columns: history number of interactions, texts number of texts, language of most texts (null without any in one of
//   the languages), items of the domain without an interaction
MATCH (u:User {id: $user})
CALL (u) {
  OPTIONAL MATCH (u)-[:WROTE]->(t:Text)
  WITH left(toLower(t.language), 2) AS language, count(t) AS texts
  ORDER BY texts DESC, language
  RETURN sum(texts) AS texts, head(collect(CASE WHEN language IN $languages THEN language END)) AS language
}
RETURN COUNT { (u)-[:INTERACTED]->(:Item) } AS history, texts, language,
  COUNT { (:Item {domain: $domain}) } - COUNT { (u)-[:INTERACTED]->(:Item {domain: $domain}) } AS items
