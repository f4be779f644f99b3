// purpose: What users write about: the interests of their texts, with praise and complaints.
// cost: global
// parameters:
//   most INTEGER maximum number of rows; default 20
// columns:
//   interest name of the interest
//   id its id
//   texts number of texts about it
//   people number of their writers
//   polarity mean polarity, from 1 for praise to -1 for complaints
//   praise number of texts of a polarity above 0
//   complaints number of texts of a polarity below 0
MATCH (e:Encoder {state: 'active'})
MATCH (u:User)-[:WROTE]->(t:Text)-[b:ABOUT]->(n:Interest {version: e.version})
RETURN n.name AS interest, n.id AS id, count(DISTINCT t) AS texts, count(DISTINCT u) AS people, avg(b.polarity) AS polarity,
  count(CASE WHEN b.polarity > 0 THEN 1 END) AS praise, count(CASE WHEN b.polarity < 0 THEN 1 END) AS complaints
ORDER BY texts DESC, id LIMIT $most
