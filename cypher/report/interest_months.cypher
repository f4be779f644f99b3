// purpose: Likes of items about each interest by month, of the last months before the newest interaction.
// parameters: months INTEGER how many; most INTEGER maximum number of interests, those with most likes
// columns: interest, months LIST of {month, likes}, likes in all these months
MATCH (d:Domain)
WITH max(d.newest_at) AS newest
MATCH (encoder:Encoder {state: 'active'})
MATCH (n:Interest {version: encoder.version})<-[:ABOUT]-(i:Item)<-[r:INTERACTED]-(:User)
WHERE r.weight > 0 AND r.last_at > newest - duration({months: $months})
WITH n, r.last_at.year AS year, r.last_at.month AS month, count(*) AS likes
WITH n, toString(year) + '-' + right('0' + toString(month), 2) AS month, likes ORDER BY month
WITH n, collect({month: month, likes: likes}) AS months, sum(likes) AS likes
RETURN n.name AS interest, months, likes
ORDER BY likes DESC, interest LIMIT $most
