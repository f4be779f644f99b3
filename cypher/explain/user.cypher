// purpose: What is known of a user: interactions, texts, and the language of most of them.
// parameters: user STRING id; domain STRING; languages LIST of codes of two letters, of which one is returned
// columns: history number of interactions, met the same in the domain, texts number of texts, language of most texts
//   (null without any in one of the languages)
MATCH (u:User {id: $user})
CALL (u) {
  OPTIONAL MATCH (u)-[:WROTE]->(t:Text)
  WITH left(toLower(t.language), 2) AS language, count(t) AS texts
  ORDER BY texts DESC, language
  RETURN sum(texts) AS texts, head(collect(CASE WHEN language IN $languages THEN language END)) AS language
}
RETURN COUNT { (u)-[:INTERACTED]->(:Item) } AS history,
  COUNT { (u)-[:INTERACTED]->(:Item {domain: $domain}) } AS met, texts, language
