"""The web page: its bundle, what it is told of a surrogate, and the HTML of both. It knows no web server."""
