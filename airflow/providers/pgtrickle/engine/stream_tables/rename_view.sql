ALTER VIEW {view} RENAME TO {name}
