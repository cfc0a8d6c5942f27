"""How Django writes times where nobody says otherwise, above all in the admin: as all pages do."""
