// purpose: Record that a migration ran.
// parameters: name STRING file name without ending; checksum STRING SHA-256 of the file
MERGE (m:Migration {name: $name})
ON CREATE SET m.checksum = $checksum, m.applied_at = datetime()
