// purpose: Record the folder of tables that were loaded, from which texts that the graph does not store can be read
//   again, how their columns were understood, and the domains that they were ever about; and whether what they lack is
//   going to be removed, until ingest/end_replacement.
// parameters: path STRING; fingerprint STRING; readings STRING as JSON; domains LIST of names; replacing BOOLEAN
MERGE (d:Dataset {path: $path})
SET d.fingerprint = $fingerprint, d.readings = $readings, d.loaded_at = datetime(),
    d.domains = [name IN coalesce(d.domains, []) WHERE NOT name IN $domains] + $domains,
    d.replacing = CASE WHEN $replacing THEN true ELSE d.replacing END
