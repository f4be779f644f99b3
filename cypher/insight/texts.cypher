// purpose: The texts of users by kind and language, and how far they are read.
// cost: scan
// columns:
//   kind kind of the texts, such as post or review
//   language language of the texts
//   texts number of texts
//   about_items number of these that are about an item
//   read number of these that are about an interest
//   newest_at time of the newest of them
MATCH (t:Text)
RETURN t.kind AS kind, t.language AS language, count(t) AS texts, count(t.item) AS about_items,
  count(CASE WHEN EXISTS { (t)-[:ABOUT]->() } THEN 1 END) AS read, toString(max(t.written_at)) AS newest_at
ORDER BY texts DESC, kind, language
