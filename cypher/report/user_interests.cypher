// purpose: The strongest interests of a user, and what they come from.
// parameters: user STRING id; n INTEGER number of interests
// columns: interest, weight, likes, dislikes, texts
MATCH (encoder:Encoder {state: 'active'})
MATCH (:User {id: $user})-[s:INTERESTED_IN]->(n:Interest {version: encoder.version})
RETURN n.name AS interest, s.weight AS weight, coalesce(s.likes, 0) AS likes, coalesce(s.dislikes, 0) AS dislikes,
       coalesce(s.texts, 0) AS texts
ORDER BY abs(s.weight) DESC, interest LIMIT $n
