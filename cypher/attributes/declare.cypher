// purpose: Declare attributes: properties of items and users that come from columns of the user's own.
// parameters: rows LIST of {label, name, column, type}, type being boolean, number, datetime, text or list
UNWIND $rows AS row
MERGE (a:Attribute {key: row.label + '.' + row.name})
SET a.label = row.label, a.name = row.name, a.column = row.column, a.type = row.type
