CREATE TABLE documents (id integer CONSTRAINT documents_key PRIMARY KEY, title text);
CREATE UNIQUE INDEX documents_title ON documents (title);
