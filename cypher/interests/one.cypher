// purpose: One interest: its names, what it is a part of, and how many items and people have it.
// cost: scan
// parameters:
//   interest STRING name of the interest in any language, or its id; example "science fiction"
// columns:
//   interest id of the interest
//   name its name
//   names its names, in the languages of the next column
//   languages languages of its names
//   items number of items about it
//   domains list of {domain, items} for the domains of these items, that with most of them first
//   likers number of users who like it
//   dislikers number of users who dislike it
//   texts number of texts about it
//   parents list of {interest, name, names, languages} of the wider interests that it is part of
//   parts list of the same for its parts, those with most items first
MATCH (e:Encoder {state: 'active'})
MATCH (n:Interest {version: e.version})
WHERE n.id = $interest OR toLower(n.name) = toLower($interest)
  OR any(name IN coalesce(n.names, []) WHERE toLower(name) = toLower($interest))
RETURN n.id AS interest, n.name AS name, coalesce(n.names, []) AS names, coalesce(n.languages, []) AS languages,
  COUNT { (n)<-[:ABOUT]-(:Item) } AS items,
  COLLECT {
    MATCH (n)<-[:ABOUT]-(i:Item)
    WITH i.domain AS domain, count(*) AS items
    RETURN {domain: domain, items: items} ORDER BY items DESC, domain
  } AS domains,
  COUNT { (n)<-[s:INTERESTED_IN]-() WHERE s.weight > 0 } AS likers,
  COUNT { (n)<-[s:INTERESTED_IN]-() WHERE s.weight < 0 } AS dislikers,
  COUNT { (n)<-[:ABOUT]-(:Text) } AS texts,
  COLLECT {
    MATCH (n)-[:PART_OF]->(w:Interest)
    RETURN {interest: w.id, name: w.name, names: coalesce(w.names, []), languages: coalesce(w.languages, [])}
    ORDER BY w.id
  } AS parents,
  COLLECT {
    MATCH (n)<-[:PART_OF]-(p:Interest)
    RETURN {interest: p.id, name: p.name, names: coalesce(p.names, []), languages: coalesce(p.languages, [])}
    ORDER BY COUNT { (p)<-[:ABOUT]-(:Item) } DESC, p.id
  } AS parts
ORDER BY items DESC, interest
