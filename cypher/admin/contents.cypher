// purpose: Number of users, items, interactions, texts and interests in the graph.
// cost: point
// columns:
//   users number of users
//   items number of items
//   interactions number of pairs of a user and an item with an interaction
//   texts number of texts
//   interests number of interests, of all encoder versions
RETURN COUNT { (:User) } AS users, COUNT { (:Item) } AS items, COUNT { ()-[:INTERACTED]->() } AS interactions,
  COUNT { (:Text) } AS texts, COUNT { (:Interest) } AS interests
