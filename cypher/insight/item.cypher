// purpose: One item: what its table says, what it is about, and how many people met it.
// cost: point
// parameters:
//   item STRING key of the item, its domain and id with a colon between them; example "books:b0001"
// columns:
//   domain domain of the item
//   item_id its id
//   title its title
//   text its text, or null
//   categories its categories
//   published_at time at which it was published, or null
//   attributes list of {name, value} for its further columns
//   interests list of {interest, name, names, languages, weight} of what it is about, the strongest first
//   popularity its popularity in its domain, from 0 to 1
//   likes number of users who like it
//   dislikes number of users who dislike it
MATCH (i:Item {key: $item})
OPTIONAL MATCH (e:Encoder {state: 'active'})
RETURN i.domain AS domain, i.item_id AS item_id, i.title AS title, i.text AS text,
  coalesce(i.categories, []) AS categories, toString(i.published_at) AS published_at,
  COLLECT {
    MATCH (a:Attribute {label: 'Item'}) WHERE i[a.name] IS NOT NULL
    RETURN {name: a.name, value: i[a.name]} ORDER BY a.name
  } AS attributes,
  COLLECT {
    MATCH (i)-[b:ABOUT]->(n:Interest {version: e.version})
    RETURN {interest: n.id, name: n.name, names: coalesce(n.names, []), languages: coalesce(n.languages, []),
            weight: b.weight} ORDER BY b.weight DESC, n.id
  } AS interests,
  i.popularity AS popularity,
  COUNT { (i)<-[r:INTERACTED]-() WHERE r.weight > 0 } AS likes,
  COUNT { (i)<-[r:INTERACTED]-() WHERE r.weight < 0 } AS dislikes
