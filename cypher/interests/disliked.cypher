// purpose: The interests that are disliked most often, by the part of dislikes among likes and dislikes.
// cost: global
// parameters:
//   least INTEGER minimum number of likes and dislikes of an interest; default 10
//   most INTEGER maximum number of rows; default 20
// columns:
//   interest name of the interest
//   dislikes number of dislikes of its items
//   likes number of likes of its items
//   share part of the dislikes among both
//   people number of users who disliked one of its items
MATCH (e:Encoder {state: 'active'})
MATCH (n:Interest {version: e.version})<-[s:INTERESTED_IN]-(:User)
WITH n, sum(s.dislikes) AS dislikes, sum(s.likes) AS likes, count(CASE WHEN s.dislikes > 0 THEN 1 END) AS people
WHERE dislikes + likes >= $least
RETURN n.name AS interest, dislikes, likes, toFloat(dislikes) / (dislikes + likes) AS share, people
ORDER BY share DESC, dislikes DESC, n.id LIMIT $most
