// purpose: How many people liked both items of each pair, the user not counted. Smaller numbers than `least` are not
//   returned, so that nobody is recognised by them.
// parameters: user STRING id, or null for none; pairs LIST of {source, item}, both keys of items; least INTEGER
//   smallest number that is returned
// columns: source, item, people
UNWIND $pairs AS pair
MATCH (a:Item {key: pair.source}), (b:Item {key: pair.item})
WITH pair, COUNT {
  // Otherwise all interactions of each person would be read, which are many times as many.
  MATCH (a)<-[r:INTERACTED]-(p:User)-[s:INTERACTED]->(b) USING JOIN ON p
  WHERE r.weight > 0 AND s.weight > 0 AND ($user IS NULL OR p.id <> $user)
} AS people
WHERE people >= $least
RETURN pair.source AS source, pair.item AS item, people
