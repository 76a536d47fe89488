CREATE TABLE {storage} AS {contents} WITH NO DATA
