"""A static site: the page and surrogates as files, for any web server. Readers' browsers compute everything."""
