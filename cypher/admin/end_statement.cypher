// purpose: End the statement that was run with a mark, which its caller does not wait for any more.
// parameters: mark STRING of the metadata of its transaction
// columns: message
SHOW TRANSACTIONS YIELD transactionId AS id, metaData
WHERE metaData.mark = $mark
TERMINATE TRANSACTIONS id YIELD message
RETURN message
