"""From values to colours: how a picture is cut from a shell, coloured, and explained by a legend."""
