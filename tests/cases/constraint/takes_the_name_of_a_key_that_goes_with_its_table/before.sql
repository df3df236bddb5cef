CREATE TABLE drafts (id integer CONSTRAINT documents_key PRIMARY KEY, title text CONSTRAINT documents_title UNIQUE);
CREATE TABLE documents (id integer CONSTRAINT documents_id PRIMARY KEY, title text);
