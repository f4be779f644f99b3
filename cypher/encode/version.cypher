// purpose: The version number of an encoder, which is registered if it is new; the first version is active at once.
// parameters: name STRING; fingerprint STRING of the model's files; dimensions INTEGER
// columns: version
OPTIONAL MATCH (known:Encoder)
WITH coalesce(max(known.version), 0) + 1 AS next, count(CASE known.state WHEN 'active' THEN 1 END) = 0 AS first
MERGE (e:Encoder {name: $name, fingerprint: $fingerprint})
ON CREATE SET e.version = next, e.dimensions = $dimensions, e.created_at = datetime(),
              e.state = CASE WHEN first THEN 'active' ELSE 'candidate' END
ON MATCH SET e.state = CASE WHEN e.state IN ['deleting', 'deleted'] THEN 'candidate' ELSE e.state END
RETURN e.version AS version
