"""The list of colour maps, and that each can be drawn with."""

import httpx2 as httpx

from earthgan_gateway.drawing.colours import colours


def test_every_listed_map_draws_a_tile_and_has_its_own_colours(gateway_url: str) -> None:
    with httpx.Client(base_url=gateway_url, trust_env=False) as client:
        listed = client.get("/colormaps").raise_for_status().json()["colormaps"]
        assert len({tuple(each["colors"]) for each in listed}) == len(listed) >= 20
        for each in listed:
            assert each["kind"] in {"sequential", "diverging", "miscellaneous"}
            assert each["licence"]
            assert len(each["colors"]) == 16
            table = colours(each["name"])
            assert each["colors"][0] == "#" + bytes(table[0]).hex()
            assert each["colors"][-1] == "#" + bytes(table[-1]).hex()
            tile = client.get("/tiles/temperature/120/150/0/0/0.png", params={"colormap": each["name"]})
            assert tile.status_code == 200, tile.text
        short = client.get("/tiles/temperature/120/150/0/0/0.png", params={"colormap": "vik"})
        full = client.get("/tiles/temperature/120/150/0/0/0.png", params={"colormap": "crameri:vik"})
        assert short.headers["etag"] == full.headers["etag"]
        upside_down = client.get("/tiles/temperature/120/150/0/0/0.png", params={"colormap": "vik_r"})
        assert upside_down.status_code == 200
        assert upside_down.content != short.content
        assert client.get("/tiles/temperature/120/150/0/0/0.png", params={"colormap": "jet"}).status_code == 422
