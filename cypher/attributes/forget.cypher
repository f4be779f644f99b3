// purpose: Delete the declarations of attributes that no node has any more.
// parameters: keys LIST of label.name
MATCH (a:Attribute)
WHERE a.key IN $keys
DETACH DELETE a
