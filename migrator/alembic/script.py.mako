"""Migrations of this project are written by `nox -s diff`, which compares schema/ with them; not by hand."""
<% raise Exception("write migrations with: nox -s diff -- 'what it does'") %>
